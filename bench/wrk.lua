-- What wrk sends is told in the environment; what it measured is the last line of its output, as JSON.

local size = tonumber(os.getenv("BENCH_BODY_SIZE") or "0")

wrk.method = os.getenv("BENCH_METHOD")
wrk.body = os.getenv("BENCH_BODY")
if size > 0 then wrk.body = string.rep("x", size) end
if wrk.body then wrk.headers["Content-Type"] = os.getenv("BENCH_CONTENT_TYPE") end
wrk.headers["Authorization"] = os.getenv("BENCH_AUTHORIZATION")

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '{"requests":%d,"microseconds":%d,"bytes":%d,"p50":%d,"p90":%d,"p99":%d,"max":%d,"status_errors":%d,"socket_errors":%d}',
    summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout
  ))
end
