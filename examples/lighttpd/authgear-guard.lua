-- For magnet.attract-physical-path-to of lighttpd, first in its list: nothing
-- is served that authgear.lua has not seen, and while the authorizer is asked
-- nobody else answers.  It has one request more now than just before.
local r = lighty.r
local uri, asked = r.req_attr["request.uri"], r.req_env["AUTHGEAR_ASKED"]
local number = asked and asked:match("^%?(%d+)$")
local why

if number and lighty.status["gw.backend.authgear.load"] ~= number + 1 then
	why = "another fastcgi.server takes the place of the authorizer, " ..
	    "or a module stands before mod_fastcgi"
elseif not asked or asked == "-" and r.req_env["AUTHGEAR_PUBLIC"] ~= uri then
	why = "its magnet.attract-raw-url-to lacks authgear.lua"
end
if why then
	print("authgear-guard.lua: " .. uri .. ": " .. why)
	-- without a body, a module that has taken the request would go on
	r.resp_body.set({ "The configuration of this address is not safe.\n" })
	return 500
end
return 0
