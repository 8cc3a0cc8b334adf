-- wrk: every request carries the next token of the file named by TOKENS, in
-- the header field FIELD behind the text BEFORE.
local field = os.getenv("FIELD") or "Authorization"
local before = os.getenv("BEFORE") or "Bearer "
local tokens = {}
local at = 0

function init(args)
    for line in io.lines(os.getenv("TOKENS")) do
        tokens[#tokens + 1] = before .. line
    end
    math.randomseed(os.time())
    at = math.random(#tokens)
end

function request()
    at = at % #tokens + 1
    return wrk.format("GET", nil, { [field] = tokens[at] })
end

function done(summary, latency, requests)
    io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests,
        summary.duration, summary.errors.status,
        summary.errors.connect + summary.errors.read +
        summary.errors.write + summary.errors.timeout,
        latency:percentile(50), latency:percentile(99)))
end
