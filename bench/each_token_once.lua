-- wrk: each request brings the next token of a file; the last one ends the run.
local requests = {}
local sent = 0

function init(args)
  for token in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", nil, {["Authorization"] = "Bearer " .. token})
  end
end

function request()
  if sent == #requests then
    wrk.thread:stop()
  else
    sent = sent + 1
  end
  return requests[sent]
end
