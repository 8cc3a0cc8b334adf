-- For magnet.attract-raw-url-to of lighttpd. It runs before the authorizer,
-- and again when the authorizer has said yes.

local headers, env = lighty.r.req_header, lighty.r.req_env

-- CGI makes one variable of "X-A", "X_A" and "X.A": compare them as one.
local function is_identity(name)
	local plain = name:lower():gsub("[^%w]", "-")
	return plain:find("^x%-authgear%-") or plain:find("^authgear%-") or
	    plain == "remote-user" or plain == "x-remote-user" or
	    plain == "x-forwarded-user" or plain == "forwarded"
end

local drop = {}
for name in pairs(headers) do
	if is_identity(name) then
		drop[#drop + 1] = name
	end
end

-- Only the authorizer can set a variable without HTTP_ in front. "pass": let
-- through as nobody (unauthenticated = pass), so there is no name to tell.
local decision = env["AUTHGEAR_DECISION"]
local granted = decision == "granted"
if granted then
	drop[#drop + 1] = "Authorization"
end
for _, name in ipairs(drop) do
	headers[name] = ""
end
if not granted then
	if decision == "pass" then
		headers["X-Authgear-Decision"] = "pass"
	end
	return 0
end

-- Authgear's cookies are credentials too. Its `session` is told from other
-- applications' by its shape: uuid.32.
local uuid = ("%x"):rep(8) .. ("%-" .. ("%x"):rep(4)):rep(3) .. "%-" ..
    ("%x"):rep(12)
local cookies = ";" .. (headers["Cookie"] or "") .. ";"
cookies = cookies:gsub("[;,][^;,=]*app_access_token%s*=[^;,]*", "")
cookies = cookies:gsub("[;,][^;,=]*app_session%s*=[^;,]*", "")
cookies = cookies:gsub('[;,][^;,=]*session%s*=%s*"?' .. uuid .. "%." ..
    ("%w"):rep(32) .. '"?%s*([;,])', "%1")
headers["Cookie"] = (cookies:gsub("^;+", ""):gsub(";+$", ""))

-- lighttpd appends what the authorizer says to what setenv said.
local policy = env["AUTHGEAR_POLICY"]
if policy then
	env["AUTHGEAR_POLICY"] = policy:match("^[^,]*")
end

local tell = {
	["X-Authgear-Decision"] = "AUTHGEAR_DECISION",
	["Remote-User"] = "REMOTE_USER",
	["X-Authgear-Remote-User"] = "REMOTE_USER",
	["X-Authgear-Policy"] = "AUTHGEAR_POLICY",
	["X-Authgear-User-Id"] = "AUTHGEAR_USER_ID",
	["X-Authgear-Client-Id"] = "AUTHGEAR_CLIENT_ID",
	["X-Authgear-Scope"] = "AUTHGEAR_SCOPE",
	["X-Authgear-User-Roles"] = "AUTHGEAR_USER_ROLES",
	["X-Authgear-User-Anonymous"] = "AUTHGEAR_USER_ANONYMOUS",
	["X-Authgear-User-Verified"] = "AUTHGEAR_USER_VERIFIED",
	["X-Authgear-Expires-At"] = "AUTHGEAR_EXPIRES_AT",
	["X-Authgear-Request-Id"] = "AUTHGEAR_REQUEST_ID",
}
-- Claims that the policy exports.
for name in pairs(env) do
	local claim = name:match("^AUTHGEAR_CLAIM_(.+)$")
	if claim then
		tell["X-Authgear-Claim-" .. claim:gsub("_", "-")] = name
	end
end
-- A CGI or FastCGI application has the variables; headers of the same
-- content do no harm there.
for header, variable in pairs(tell) do
	local value = env[variable]
	if value and value ~= "" then
		headers[header] = value
	end
end
return 0
