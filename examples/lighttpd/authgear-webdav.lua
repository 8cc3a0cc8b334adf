-- For magnet.attract-raw-url-to of lighttpd, behind authgear.lua: writes the
-- Destination of COPY and MOVE as mod_webdav reads it, decoded once, without
-- dots, doubled slashes, host and query, so that a condition can tell where it
-- lies.  What mod_webdav would refuse is refused here.
local r = lighty.r
local sent = r.req_header["Destination"]

if not sent then
	return 0
end
local path = sent
if not sent:find("^/") then
	local scheme, authority, rest = sent:match("^(%a+)://([^/]*)(/.*)$")
	if scheme ~= r.req_attr["uri.scheme"] then
		return 400
	elseif authority ~= r.req_attr["uri.authority"] then
		return 502
	end
	path = rest
end
path = lighty.c.fspath_simplify(lighty.c.urldec(path:match("^[^?]*")))
if not path:find("^/") then
	return 400
end
r.req_header["Destination"] = path:gsub("[^%w/._~-]", function(byte)
	return ("%%%02X"):format(byte:byte())
end)
return 0
