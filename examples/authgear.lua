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

-- Only the authorizer can set a variable without HTTP_ in front.
local granted = env["AUTHGEAR_DECISION"] == "granted"
if granted then
	drop[#drop + 1] = "Authorization"
end
for _, name in ipairs(drop) do
	headers[name] = ""
end
if not granted then
	return 0
end

-- The cookie that may hold an access token is a credential too.
local cookies = ";" .. (headers["Cookie"] or "")
cookies = cookies:gsub("[;,][^;,=]*app_access_token%s*=[^;,]*", "")
headers["Cookie"] = (cookies:gsub("^;", ""))

-- lighttpd appends what the authorizer says to what setenv said.
local policy = env["AUTHGEAR_POLICY"]
if policy then
	env["AUTHGEAR_POLICY"] = policy:match("^[^,]*")
end

local tell = {
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
-- A CGI or FastCGI application has the variables; headers of the same
-- content do no harm there.
for header, variable in pairs(tell) do
	local value = env[variable]
	if value and value ~= "" then
		headers[header] = value
	end
end
return 0
