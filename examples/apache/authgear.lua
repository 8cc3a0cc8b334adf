-- For authgear.conf of Apache. One request passes here several times: rewritten
-- in .htaccess, sent to a handler or an error page, looked up for an index file
-- or the Destination of a MOVE. Each pass is asked about, with the credential;
-- nothing else ever sees it. Of each pass:
--
--   authgear_asked     before any rewriting: takes the credential and what
--                      names a user out; which policy the address has
--   authgear_question  before the authorizer is asked: what it is handed
--   authgear_once, authgear_refused, authgear_granted   "Require": its answer
--   authgear_told      before anything answers: the identity goes in
--   authgear_over      at the end of the request
--
-- Between passes the credential stays here: the interpreter is the
-- connection's, on which one request at a time is worked on. Only a pass with
-- its key gets it back: a variable that no client can set and Apache hands from
-- pass to pass. Without one the pass has what its own request has.

-- key, authorization, cookie: as the client sent them; rest: the cookies that
-- are the application's; secrets: texts to look for; forged: it named a user
local kept = {}
local count = 0

-- Every call leaves a value on the interpreter's stack, which ends at a million
-- of them. A pass has ten calls at most.
local MOST_PASSES = 20000
local passes = 0

-- Variables of the passes, beside AUTHGEAR_POLICY. ASKED: the policies of the
-- address as asked, first of the request, then of the pass. ASKING: this one is
-- before the authorizer; meanwhile Apache looks up what its path_info would be
-- as an address, and again for that. TURN: changes from pass to pass, and
-- with it the configuration: a pass with that of the one before is not asked
-- about. THROUGH: nobody was refused here. BEGUN: a pass of this request came
-- as far as the question.
local KEY, ASKED = "AUTHGEAR_KEPT", "AUTHGEAR_ASKED"
local ASKING, TURN = "AUTHGEAR_ASKING", "AUTHGEAR_TURN"
local THROUGH, BEGUN = "AUTHGEAR_THROUGH", "AUTHGEAR_BEGUN"
local ours = { [KEY] = 1, [ASKED] = 1, [ASKING] = 1, [TURN] = 1, [THROUGH] = 1,
	[BEGUN] = 1 }
local BEFORE = "REDIRECT_"
-- Notes of a pass: the policies to grant it, and what became of it.
-- HANDED: it works for an address that somebody may see.
local WANT, STATUS, DONE = "authgear-want", "authgear-status", "authgear-done"
local HANDED, HANDLER = "authgear-handed", "authgear-handler"

local uuid = ("%x"):rep(8) .. ("%-" .. ("%x"):rep(4)):rep(3) .. "%-" ..
    ("%x"):rep(12)
local cookies_of_authgear = {
	"^[^=]*app_access_token%s*=%s*(.*)$",
	"^[^=]*app_session%s*=%s*(.*)$",
	'^[^=]*session%s*=%s*("?' .. uuid .. "%." .. ("%w"):rep(32) ..
	    '"?%s*)$',
}

-- An application may take "X-A", "X_A" and "X.A" for one name.
local function is_identity(name)
	local plain = name:lower():gsub("[^%w]", "-")
	return plain:find("^x%-authgear%-") or plain == "remote-user" or
	    plain == "x-remote-user" or plain == "x-forwarded-user"
end

-- What the macros say by AuthName: whether the location is ours, and the policy
-- unless it asks for none itself.
local function location(r)
	local name = r.auth_name or ""
	local policy = name:match("^authgear (%S+)$")
	return policy ~= nil or name == "authgear-public" or name == HANDLER,
	    policy
end

local function is_secret(piece)
	for _, pattern in ipairs(cookies_of_authgear) do
		local value = piece:match(pattern)
		if value then
			return (value:gsub('[%s"]', ""))
		end
	end
end

-- The cookies without Authgear's, as strict parsers want them: nothing empty
-- where one was. nil if none is left.
local function cut(cookies, secrets)
	local out, between, before = nil, nil, #secrets
	for piece, mark in ((cookies or "") .. ";"):gmatch("([^;,]*)([;,])") do
		local secret = is_secret(piece)
		if secret then
			secrets[#secrets + 1] = secret
		elseif piece:find("%S") then
			out = out and out .. between .. piece or
			    piece:gsub("^%s+", "")
			between = mark
		end
		if mark == ";" then
			between = ";"
		end
	end
	if #secrets == before then
		return cookies
	end
	return out and (out:gsub("%s+$", ""))
end

-- Takes every name of a user away. "Forwarded" may hold one.
local function drop_names(r)
	local found
	for name, value in pairs(r:headers_in_table()) do
		local is = is_identity(name)
		if is or name:lower() == "forwarded" then
			r.headers_in[name] = nil
		end
		if is and value ~= "" then
			found = name
		end
	end
	return found
end

-- "Connection: x-authgear-user-id" would have a proxy drop ours.
local function drop_listed(r)
	local found
	local listed = (r.headers_in["Connection"] or ""):gsub("[^,]+",
	    function(name)
		if is_identity(name:match("^%s*(.-)%s*$")) then
			found = name
			return ""
		end
	end)
	if found then
		r.headers_in["Connection"] = listed
	end
	return found
end

-- The first pass of a request: from now on what the client sent is here.
local function keep(r)
	count = count + 1
	kept = {
		key = tostring(count),
		authorization = r.headers_in["Authorization"],
		cookie = r.headers_in["Cookie"],
		secrets = {},
		forged = drop_names(r),
	}
	kept.forged = drop_listed(r) or kept.forged
	kept.rest = cut(kept.cookie, kept.secrets)
	local word = (kept.authorization or ""):match("(%S+)%s*$")
	kept.secrets[#kept.secrets + 1] = word
end

-- The beginning of a pass; the policy that the request began with, if this is a
-- redirect of what was granted: Apache renames the variables of the pass
-- before, of which a subrequest has copies.
local function begin(r)
	local env, first = r.subprocess_env, nil
	local key = env[KEY] or env[BEFORE .. KEY]
	if not env[KEY] and env[BEFORE .. "AUTHGEAR_DECISION"] == "granted" then
		first = env[BEFORE .. ASKED]
	end
	r.notes[HANDED] = env[env[KEY] and THROUGH or BEFORE .. THROUGH] or ""
	if key == nil then
		keep(r)
	elseif key == kept.key then
		drop_names(r)
	else
		-- What is here is of another request, and what this one had is
		-- gone: it goes on without any credential.
		drop_names(r)
		count = count + 1
		kept = { key = tostring(count), secrets = {} }
	end
	r.headers_in["Authorization"] = nil
	r.headers_in["Cookie"] = kept.rest
	env[TURN] = (env[TURN] or env[BEFORE .. TURN]) == "1" and "2" or "1"
	env[KEY], env[ASKED], env[THROUGH] = kept.key, nil, nil
	for name in pairs(ours) do
		env[BEFORE .. name] = nil
	end
	passes = passes + 1
	if passes > MOST_PASSES then
		env["nokeepalive"] = "1"
	end
	return first and first:match("^%S+")
end

-- Variables in which an authorizer tells who it is.
local function is_answer(name)
	return name == "REMOTE_USER" or
	    name:find("^AUTHGEAR_") and not ours[name]
end

local function has_secret(text)
	for _, secret in ipairs(kept.secrets) do
		if #secret > 7 and text:find(secret, 1, true) then
			return true
		end
	end
end

-- What an earlier pass was told, and the credential in whatever variable the
-- site's own lines, or our last question, may have put it.
local function sweep(r)
	for name, value in pairs(r:subprocess_env_table()) do
		local header = name:match("^HTTP_(.*)") or
		    name:match("^REDIRECT_HTTP_(.*)") or ""
		if is_answer(name) or header == "AUTHORIZATION" or
		    header == "COOKIE" or is_identity(header) or
		    has_secret(value) then
			r.subprocess_env[name] = nil
		end
	end
end

-- The application's cookies wait while the authorizer has all of them.
local function ask(r, policy)
	local env = r.subprocess_env
	r.headers_in["Cookie"] = nil
	env["AUTHGEAR_POLICY"] = policy
	env["HTTP_AUTHORIZATION"] = kept.authorization
	env["HTTP_COOKIE"] = kept.cookie
	env["AUTHGEAR_FORGED_IDENTITY"] = kept.forged
	env["AUTHGEAR_DECISION"] = nil
	env[ASKING] = "yes"
end

local function hide(r)
	local env = r.subprocess_env
	env["HTTP_AUTHORIZATION"], env["HTTP_COOKIE"] = nil, nil
	env["AUTHGEAR_FORGED_IDENTITY"], env[ASKING] = nil, nil
	r.headers_in["Cookie"] = kept.rest
end

-- What Apache refuses before it asks anybody (a wrong header, TRACE, too long a
-- name) goes to the address of an ErrorDocument, and an application there is
-- told what was asked for. Public ones, that most of such pages are, stay.
local function is_unread(env, policy)
	env[BEGUN] = env[BEGUN] or env[BEFORE .. BEGUN]
	return policy and not env[BEGUN] and
	    (env["REDIRECT_STATUS"] or ""):find("^[45]")
end

function authgear_asked(r)
	local is_ours, policy = location(r)
	local env = r.subprocess_env
	if is_unread(env, policy) then
		return 400
	end
	if not is_ours and not env[KEY] and not env[BEFORE .. KEY] or
	    env[ASKING] or r.notes[WANT] then
		return apache2.DECLINED
	end
	local asked_before = env[KEY] and env[ASKED]
	local first = begin(r)
	if r.auth_name ~= HANDLER then
		r.notes[HANDED] = is_ours and "yes" or r.notes[HANDED]
	elseif asked_before then
		first = asked_before
	end
	local asked = { first or policy }
	if policy ~= asked[1] then
		asked[2] = policy
	end
	env[ASKED] = asked[1] and table.concat(asked, " ")
	r.notes[WANT] = env[ASKED] or ""
	return apache2.DECLINED
end

function authgear_question(r)
	local is_ours, policy = location(r)
	local env, want = r.subprocess_env, {}
	env[BEGUN] = "1"
	if r.notes[STATUS] or not is_ours and not env[KEY] then
		return apache2.DECLINED
	end
	if env[ASKING] then
		return 403
	end
	if not r.notes[WANT] or env[KEY] ~= kept.key then
		-- a file looked up by its name was not asked for by an address
		local asked = env[ASKED]
		begin(r)
		env[ASKED] = asked
	end
	sweep(r)
	if r.auth_name == HANDLER and r.notes[HANDED] == "" then
		return 403
	end
	local words = (env[ASKED] or "") .. " " .. (policy or "")
	for word in words:gmatch("%S+") do
		if not want[word] then
			want[#want + 1], want[word] = word, true
		end
	end
	if #want > 2 then
		r:err("authgear: more than two policies meet at " .. r.uri ..
		    ", through rewrites: " .. table.concat(want, ", "))
		return 500
	end
	r.notes[WANT] = table.concat(want, " ")
	r.notes[STATUS] = tostring(r.status)
	if want[1] then
		ask(r, want[1])
	end
	return apache2.DECLINED
end

-- The answer to the last question was yes, and to this policy.
local function is_yes(r, policy)
	local env = r.subprocess_env
	return r.user and env["AUTHGEAR_DECISION"] == "granted" and
	    env["AUTHGEAR_POLICY"] == policy
end

local function wanted(r)
	return (r.notes[WANT] or ""):match("^(%S*) ?(%S*)$")
end

-- Where the address as asked and what a rewrite made of it have policies of
-- their own both must grant. The second one is asked by "AuthgearAgain".
function authgear_once(r)
	local first, second = wanted(r)
	if second == "" or r.notes[DONE] or not is_yes(r, first) then
		return apache2.AUTHZ_GRANTED
	end
	kept.answer = {}
	for name, value in pairs(r:subprocess_env_table()) do
		kept.answer[name] = is_answer(name) and value or nil
	end
	ask(r, second)
	return apache2.AUTHZ_DENIED
end

-- Who it is, the policy of the address as asked has said.
local function take_first_answer(r)
	local env = r.subprocess_env
	for name in pairs(r:subprocess_env_table()) do
		if is_answer(name) then
			env[name] = kept.answer[name]
		end
	end
	for name, value in pairs(kept.answer) do
		env[name] = value
	end
	kept.answer = nil
end

-- That could not be told is no denial.
function authgear_refused(r)
	hide(r)
	if r.status >= 500 then
		return apache2.AUTHZ_GENERAL_ERROR
	end
	return apache2.AUTHZ_DENIED
end

function authgear_granted(r)
	local first, second = wanted(r)
	if not r.notes[STATUS] then
		r:err("authgear: not asked at " .. r.uri .. ", since Use " ..
		    "AuthgearOn is missing, or an AuthName or Lua line of " ..
		    "the site comes behind ours")
		return apache2.AUTHZ_GENERAL_ERROR
	end
	if first == "" or r.notes[DONE] then
		return apache2.AUTHZ_GRANTED
	end
	if not is_yes(r, second ~= "" and second or first) then
		return apache2.AUTHZ_DENIED_NO_USER
	end
	hide(r)
	if second ~= "" then
		take_first_answer(r)
	end
	-- An error page keeps the status of the error.
	r.status = tonumber(r.notes[STATUS])
	r.notes[DONE] = "yes"
	return apache2.AUTHZ_GRANTED
end

-- AUTHGEAR_USER_ID: Authgear-User-Id
local function capital(name)
	return (name:lower():gsub("_", "-"):gsub("%f[%w]%l", string.upper))
end

function authgear_told(r)
	local env = r.subprocess_env
	if wanted(r) == "" then
		env[THROUGH] = r.notes[STATUS] and "yes"
		return apache2.DECLINED
	end
	if not r.notes[DONE] then
		r:err("authgear: not asked at " .. r.uri .. ", since a " ..
		    "Require or Satisfy line of the site replaces ours: put " ..
		    "it before Use Authgear, or say AuthMerging And beside " ..
		    "it; or a rewrite left what Use Authgear names")
		return 500
	end
	hide(r)
	env[THROUGH] = "yes"
	r.headers_in["Remote-User"] = r.user
	for name, value in pairs(r:subprocess_env_table()) do
		if is_answer(name) then
			name = name:gsub("^REMOTE", "AUTHGEAR_REMOTE")
			r.headers_in["X-" .. capital(name)] = value
		end
	end
	return apache2.DECLINED
end

function authgear_over(r)
	if r.subprocess_env[KEY] == kept.key then
		kept = {}
	end
	return apache2.DECLINED
end
