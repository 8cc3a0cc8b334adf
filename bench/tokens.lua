-- wrk: every request carries the next token of the file named by TOKENS, in
-- the header field FIELD behind the text BEFORE.  The requests are made before
-- the first one is sent, so that the load costs little beside the server.
local field = os.getenv("FIELD") or "Authorization"
local before = os.getenv("BEFORE") or "Bearer "
-- What a browser sends besides, if BROWSER is set.
local browser = os.getenv("BROWSER") and {
    ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 " ..
        "(KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
    ["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9," ..
        "image/avif,image/webp,*/*;q=0.8",
    ["Accept-Encoding"] = "gzip, deflate, br",
    ["Accept-Language"] = "en-US,en;q=0.9,de;q=0.8",
    ["Referer"] = "https://www.example.com/page",
    ["Sec-Fetch-Dest"] = "document",
    ["Sec-Fetch-Mode"] = "navigate",
    ["Sec-Fetch-Site"] = "same-origin",
    ["Upgrade-Insecure-Requests"] = "1",
} or {}
local requests = {}
local at = 0

function init(args)
    for line in io.lines(os.getenv("TOKENS")) do
        browser[field] = before .. line
        requests[#requests + 1] = wrk.format("GET", nil, browser)
    end
    math.randomseed(os.time())
    at = math.random(#requests)
end

function request()
    at = at % #requests + 1
    return requests[at]
end

function done(summary, latency, requests)
    io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests,
        summary.duration, summary.errors.status,
        summary.errors.connect + summary.errors.read +
        summary.errors.write + summary.errors.timeout,
        latency:percentile(50), latency:percentile(99)))
end
