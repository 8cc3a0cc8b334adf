-- For magnet.attract-response-start-to of lighttpd: a browser asks again
-- before it shows what only this user may see, so that a logout is seen.
local r = lighty.r
local asked = r.req_env["AUTHGEAR_ASKED"]

if asked and asked ~= "-" and not r.resp_header["Cache-Control"] then
	r.resp_header["Cache-Control"] = "private, no-cache"
end
return 0
