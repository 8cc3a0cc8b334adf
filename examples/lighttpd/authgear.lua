-- For magnet.attract-raw-url-to of lighttpd, first in its list.
--
-- lighttpd goes through its modules again whenever a request changes inside;
-- each time is a pass, and this file sees each.  First it takes away what the
-- client says of its own identity, and has the authorizer asked at an address
-- where nothing of the site is at work.  Then, let in, it puts the identity
-- into the headers and has the pass begin anew, so that every condition of the
-- configuration sees them.  AUTHGEAR_ASKED is its memory:
--   (none)     not asked yet
--   ?NUMBER    the authorizer is asked now; how many requests it had before
--   a name     asked under this policy, and let in
--   -          nobody is asked about this address (authgear-public.lua)
-- Where AUTHGEAR_CACHE is set, what authgear-keep.lua keeps of its answers is
-- put in its place.
-- No client can send a variable without HTTP_ in front.

-- lighttpd runs this file from its top at each pass; what does not change is
-- made once.  It has a new "lighty" whenever it has read the file anew.
local made = package.loaded["authgear"]
if made and made.lighty == lighty then
	return made.pass()
end

local r = lighty.r
local headers, env, attr = r.req_header, r.req_env, r.req_attr

-- The longest name of a file is 255 bytes, so that nothing can be there,
-- whatever the document root is.
local NOWHERE = "/_authgear/" .. ("x"):rep(256)
local LOAD = "gw.backend.authgear.load"
local RESTART = lighty.RESTART_REQUEST
local UUID = ("%x"):rep(8) .. ("%-" .. ("%x"):rep(4)):rep(3) .. "%-" ..
    ("%x"):rep(12)
local SESSION = "^[^=]*session%s*=%s*\"?" .. UUID .. "%." ..
    ("%w"):rep(32) .. "\"?%s*$"

-- CGI makes one variable of "X-A", "X_A" and "X.A": they are one name here.
local function plain_name(name)
	return name:find("^[XxRrAaFf]") and
	    name:lower():gsub("[^%w]", "-") or ""
end

local function is_identity(plain)
	return plain:find("^x%-authgear%-") or plain == "remote-user" or
	    plain == "x-remote-user" or plain == "x-forwarded-user"
end

-- Takes all such names away; whether there were any, and any of a client that
-- claims to be somebody. "Forwarded" can hold a user's name, and is no claim.
-- A header that was taken away stays in the list, without a value.
local function drop_identity()
	local drop, claimed = {}, false
	for name, value in pairs(headers) do
		local plain = plain_name(name)
		local is_claim = is_identity(plain)
		if (is_claim or plain == "forwarded" or
		    plain:find("^authgear%-")) and value and value ~= "" then
			drop[#drop + 1] = name
			claimed = claimed or is_claim
		end
	end
	for _, name in ipairs(drop) do
		headers[name] = ""
	end
	return #drop > 0, claimed
end

-- Authgear's cookies are credentials too; its `session` is told from that of
-- other applications by its shape: uuid.32.
local function is_credential(cookie)
	return cookie:find("^[^=]*app_access_token%s*=") or
	    cookie:find("^[^=]*app_session%s*=") or cookie:find(SESSION)
end

-- Strict parsers give up at an empty cookie, so that what is cut out takes
-- its separator along.
local function without_credentials(cookies)
	local kept, cut = "", false
	for mark, cookie in (";" .. cookies):gmatch("([;,])([^;,]*)") do
		if is_credential(cookie) or
		    mark == ";" and not cookie:find("%S") then
			cut = cut == ";" and cut or mark
		else
			kept = kept .. (cut == ";" and cut or mark) .. cookie
			cut = false
		end
	end
	return (kept:gsub("^[;,]%s*", ""))
end

-- A request that passes as nobody (unauthenticated = pass) may log in to the
-- application itself.
local function drop_credentials(decision)
	local sent = headers["Authorization"] or ""
	if decision ~= "pass" or sent:lower():find("^%s*bearer") then
		headers["Authorization"] = ""
	end
	local cookies = headers["Cookie"]
	if cookies then
		headers["Cookie"] = without_credentials(cookies)
	end
end

local new_keeper	-- of authgear-keep.lua, once it is wanted
local keepers = {}	-- by what AUTHGEAR_CACHE says

local function keeper(words)
	if not keepers[words] then
		local path = debug.getinfo(1, "S").source:gsub("[^/]*$",
		    "authgear-keep.lua")
		new_keeper = new_keeper or assert(loadfile(path))(lighty)
		keepers[words] = new_keeper(words)
	end
	return keepers[words]
end

-- Nothing of an earlier pass, or of another module, is an answer.
local function forget()
	for name in pairs(env) do
		if name:find("^AUTHGEAR_") and name ~= "AUTHGEAR_POLICY" and
		    name ~= "AUTHGEAR_PUBLIC" and name ~= "AUTHGEAR_CACHE" and
		    name ~= "AUTHGEAR_BEGUN" or
		    name == "REMOTE_USER" then
			env[name] = nil
		end
	end
end

local TOLD = {
	["X-Authgear-Decision"] = "AUTHGEAR_DECISION",
	["Remote-User"] = "REMOTE_USER",
	["X-Authgear-Remote-User"] = "REMOTE_USER",
	["X-Authgear-Policy"] = "AUTHGEAR_POLICY",
	["X-Authgear-User-Id"] = "AUTHGEAR_USER_ID",
	["X-Authgear-Client-Id"] = "AUTHGEAR_CLIENT_ID",
	["X-Authgear-Scope"] = "AUTHGEAR_SCOPE",
	["X-Authgear-User-Roles"] = "AUTHGEAR_USER_ROLES",
	["X-Authgear-User-Roles-Omitted"] = "AUTHGEAR_USER_ROLES_OMITTED",
	["X-Authgear-Omitted"] = "AUTHGEAR_OMITTED",
	["X-Authgear-User-Anonymous"] = "AUTHGEAR_USER_ANONYMOUS",
	["X-Authgear-User-Verified"] = "AUTHGEAR_USER_VERIFIED",
	["X-Authgear-Expires-At"] = "AUTHGEAR_EXPIRES_AT",
	["X-Authgear-Request-Id"] = "AUTHGEAR_REQUEST_ID",
}

-- What HTTP backends get.  CGI and FastCGI have the variables, and headers of
-- the same content do no harm there.
local function identity()
	local told = {}
	for header, variable in pairs(TOLD) do
		told[header] = env[variable]
	end
	for name, value in pairs(env) do
		local claim = name:match("^AUTHGEAR_CLAIM_(.+)$")
		if claim then
			told["X-Authgear-Claim-" .. claim:gsub("_", "-")] =
			    value
		end
	end
	return told
end

-- A client that says "granted" may have switched on a rewrite that waits for
-- it, and then this is not the address whose policy is to be asked.
local function is_diverted()
	return headers["X-Authgear-Decision"] and attr["request.uri"] ~=
	    lighty.c.urlenc_normalize(attr["request.orig-uri"])
end

local function let_in(decision, told)
	env["AUTHGEAR_CACHE"] = nil
	env["AUTHGEAR_ASKED"] = env["AUTHGEAR_POLICY"]
	drop_credentials(decision)
	for header, value in pairs(told) do
		headers[header] = value
	end
	return RESTART
end

-- The authorizer has just let it in.  lighttpd appends what it says to what
-- setenv said: "default, default".
local function let_in_by_answer(decision)
	local noted, seconds = env["AUTHGEAR_NOTE"], env["AUTHGEAR_KEEP"]
	local cache = env["AUTHGEAR_CACHE"]
	env["AUTHGEAR_FORGED_IDENTITY"] = nil
	env["AUTHGEAR_NOTE"], env["AUTHGEAR_KEEP"] = nil, nil
	env["AUTHGEAR_POLICY"] = (env["AUTHGEAR_POLICY"] or ""):match("^[^,]*")
	local told = identity()
	if cache and noted and seconds and decision == "granted" then
		keeper(cache):put(noted, seconds, told)
	end
	drop_identity()
	return let_in(decision, told)
end

-- Has the authorizer asked.  What conditions made of names that are gone now
-- is judged anew first.
local function ask(asked)
	local was_public = asked == "-"
	local diverted = not was_public and is_diverted()
	local dropped, claimed = drop_identity()
	local was_claimed = claimed and not was_public or
	    env["AUTHGEAR_FORGED_IDENTITY"]
	forget()
	if diverted then
		env["AUTHGEAR_POLICY"] = nil
	end
	if was_claimed then
		env["AUTHGEAR_FORGED_IDENTITY"] = "1"
	end
	if dropped then
		return RESTART
	end
	local cache = env["AUTHGEAR_CACHE"]
	if cache and not was_claimed then
		local keep = keeper(cache)
		local noted, kept = keep:note(env["AUTHGEAR_POLICY"])
		if kept then
			for name, value in pairs(kept.variables) do
				env[name] = value
			end
			return let_in("granted", kept.headers)
		end
		env["AUTHGEAR_NOTE"] = noted
	end
	env["AUTHGEAR_ASKED"] = "?" .. lighty.status[LOAD]
	attr["uri.path"] = NOWHERE
	return 0
end

-- Let in by an earlier pass.  An error page or another address of the site
-- (server.error-handler, a CGI's "Location: /other") may be of another
-- policy, and the credential to ask it with is gone.
local function go_on(asked)
	if env["AUTHGEAR_POLICY"] ~= asked then
		print("authgear.lua: " .. attr["request.orig-uri"] ..
		    " was let in under the policy " .. asked ..
		    " and goes on inside to " .. attr["request.uri"] ..
		    ", which is under " ..
		    (env["AUTHGEAR_POLICY"] or "none"))
		drop_identity()
		forget()
		return 403
	end
	return 0
end

-- Nobody is asked about this address, and nothing is told.
local function let_through()
	drop_identity()
	drop_credentials()
	forget()
	env["AUTHGEAR_ASKED"], env["AUTHGEAR_CACHE"] = "-", nil
	headers["X-Authgear-Decision"] = "public"
	return RESTART
end

-- lighttpd takes a "#" for the end of a path and hands all of it on: what
-- stands behind it would be judged by nobody, and read by applications.
local function has_fragment()
	return attr["request.orig-uri"]:find("^[^?]*#")
end

-- What lighttpd refuses before it has read all of it comes here first at the
-- address of a server.error-handler, which is told what was asked for.
-- AUTHGEAR_BEGUN says of all others that this file has seen them before.
local function is_unread()
	if env["AUTHGEAR_BEGUN"] then
		return false
	end
	env["AUTHGEAR_BEGUN"] = "1"
	return (env["REDIRECT_STATUS"] or ""):find("^[45]")
end

local function pass()
	local asked, decision = env["AUTHGEAR_ASKED"], env["AUTHGEAR_DECISION"]
	if has_fragment() or is_unread() then
		return 400
	elseif env["AUTHGEAR_PUBLIC"] == attr["request.uri"] then
		return asked == "-" and 0 or let_through()
	elseif asked and not asked:find("^[?-]") then
		return go_on(asked)
	elseif asked and (decision == "granted" or decision == "pass") then
		return let_in_by_answer(decision)
	end
	return ask(asked)
end

package.loaded["authgear"] = { lighty = lighty, pass = pass }
return pass()
