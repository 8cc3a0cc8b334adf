-- For magnet.attract-physical-path-to of lighttpd, first in its list: nothing
-- is served that authgear.lua has not seen.
local env, attr = lighty.r.req_env, lighty.r.req_attr
local asked = env["AUTHGEAR_ASKED"]

if asked == "?" then
	env["AUTHGEAR_ASKED"] = "!"
elseif not asked and env["AUTHGEAR_PUBLIC"] ~= attr["request.uri"] then
	print("authgear-guard.lua: " .. attr["request.uri"] .. ": the list " ..
	    "magnet.attract-raw-url-to of this address lacks authgear.lua")
	return 403
end
return 0
