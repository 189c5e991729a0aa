-- wrk: a bounded number of requests; with a file, each brings the next of its lines as Authorization.
--   wrk ... URL -- REQUESTS [FILE]
local requests = {}
local limit
local thread_of_load
sent = 0  -- global: done() asks the thread for it

function setup(thread)
  thread_of_load = thread
end

function init(args)
  limit = tonumber(args[1])
  if args[2] then
    local headers = {}
    for name, value in pairs(wrk.headers) do headers[name] = value end
    for value in io.lines(args[2]) do
      headers["Authorization"] = value
      requests[#requests + 1] = wrk.format("GET", nil, headers)
    end
  else
    requests[1] = wrk.format("GET")
  end
end

function request()
  if sent == limit then
    wrk.thread:stop()
  else
    sent = sent + 1
  end
  return requests[(sent - 1) % #requests + 1]
end

function done()
  print("sent " .. thread_of_load:get("sent"))
end
