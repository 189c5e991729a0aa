-- wrk: each connection waits before each request, so that the load is a rate and not as much as there is capacity.
--   wrk ... URL -- MILLISECONDS, on average; evenly between none and twice as many
local most

function init(args)
  math.randomseed(os.time())
  most = 2 * tonumber(args[1])
end

function delay()
  return math.random(0, most)
end

function done(summary, latency)
  print(string.format("p99 %d us, %d requests in %d us", latency:percentile(99), summary.requests, summary.duration))
end
