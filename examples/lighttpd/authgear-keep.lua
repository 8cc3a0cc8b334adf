-- Used by authgear.lua where AUTHGEAR_CACHE names the two pages: grants of the
-- authorizer, kept in the memory of this worker until something changes.
--
-- A grant depends on the policy and the credential alone, and is kept by their
-- very bytes, for as long as the daemon said (AUTHGEAR_KEEP), counted from
-- before the question.  Both pages are read for each request: what is kept
-- counts while they say what they said before its question.  Lua keeps nothing
-- of a request here: what is noted goes along with it, in AUTHGEAR_NOTE.

local lighty = ...
local io_open, SIZE = io.open, 16
local ZEROS = ("\0"):rep(SIZE)
-- The collector lets the whole grow to some four times of it.
local MOST = 8 * 1024 * 1024
-- What the interpreter needs, beside the text, for a grant and for each name
-- and value of it.
local BESIDE, EACH = 250, 60
-- Since the kernel was started, whoever sets the clock.
local UPTIME = io_open("/proc/uptime", "rb")
if UPTIME then
	UPTIME:setvbuf("no")
end
local NOT_TOLD = {
	AUTHGEAR_ASKED = true, AUTHGEAR_BEGUN = true, AUTHGEAR_CACHE = true,
	AUTHGEAR_KEEP = true, AUTHGEAR_NOTE = true, AUTHGEAR_POLICY = true,
	AUTHGEAR_PUBLIC = true, AUTHGEAR_FORGED_IDENTITY = true
}

local function say(text)
	print("authgear-keep.lua: " .. text)
end

local function read(path)
	local file = io_open(path, "rb")
	if not file then
		return nil
	end
	file:setvbuf("no")
	local text = file:read(SIZE)
	file:close()
	return text
end

-- In seconds, to the hundredth: nine digits, a point and two.
local function clock()
	if not UPTIME or UPTIME:seek("set") ~= 0 then
		return nil
	end
	return (UPTIME:read(12) or ""):match("^%d+%.%d%d")
end

local function is_writable(mode)
	return math.floor(mode / 16) % 2 == 1 or math.floor(mode / 2) % 2 == 1
end

-- lighttpd looks once a second at most, and its answer is good for one call.
local function is_good(directory, name, owner)
	local at = lighty.stat(directory)
	if not at or not at.is_dir or is_writable(at.st_mode) or
	    owner and at.st_uid ~= owner then
		return false
	end
	owner = at.st_uid
	at = lighty.stat(directory .. "/" .. name)
	return at and at.is_file and at.st_size == SIZE and
	    at.st_uid == owner and not is_writable(at.st_mode)
end

local function look(self)
	local now = lighty.c.time()
	if self.looked == now then
		return self.is_there
	end
	self.looked = now
	local was = self.is_there
	local missing = not is_good(self.root, "trust", 0) and self.root or
	    not is_good(self.daemon, "daemon") and self.daemon
	self.is_there = not missing
	if missing and was ~= false then
		say("nothing is kept: no page that counts in " .. missing ..
		    "; authgear-cache doctor says why")
	elseif not missing and was == false then
		say("the pages are there: grants are kept")
	end
	return self.is_there
end

-- Whether both pages count; what was kept under others is forgotten.
local function read_pages(self)
	local pages
	if look(self) then
		local root = read(self.root .. "/trust")
		local daemon = read(self.daemon .. "/daemon")
		if root and daemon and #root == SIZE and #daemon == SIZE and
		    root ~= ZEROS and daemon ~= ZEROS then
			pages = root .. daemon
		end
	end
	if pages ~= self.pages then
		self.pages = pages
		self.turn = pages and lighty.c.hexenc(pages):lower()
		self.fresh, self.old, self.bytes = {}, {}, 0
	end
	return pages ~= nil
end

-- Of two halves the older one goes, as a whole, when the other one is full.
local function store(self, key, entry)
	if self.bytes + entry.size > MOST / 2 then
		self.old, self.fresh, self.bytes = self.fresh, {}, 0
	end
	self.fresh[key] = entry
	self.bytes = self.bytes + entry.size
end

local function find(self, key, now)
	local entry = self.fresh[key]
	if not entry and self.old[key] then
		entry, self.old[key] = self.old[key], nil
		store(self, key, entry)
	end
	if entry and entry.over <= now then
		self.fresh[key] = nil
		self.bytes = self.bytes - entry.size
		return nil
	end
	return entry
end

-- The cookies that may hold a credential, as they came: the daemon finds it in
-- no other, since each ";" ends one and their names end in these.
local function of_authgear(cookies)
	if not cookies:find("session", 1, true) and
	    not cookies:find("app_access_token", 1, true) then
		return ""
	end
	local found = {}
	for cookie in cookies:gmatch("[^;]+") do
		if cookie:find("session", 1, true) or
		    cookie:find("app_access_token", 1, true) then
			found[#found + 1] = cookie
		end
	end
	return table.concat(found, ";")
end

-- nil: there is no credential.  A host and port of their own may have a daemon
-- of their own.
local function key_of(policy, r)
	local authorization = r.req_header["Authorization"] or ""
	local cookies = of_authgear(r.req_header["Cookie"] or "")
	local host = r.req_attr["uri.authority"] or ""
	local port = r.req_attr["request.server-port"] or ""
	if not policy or authorization .. cookies == "" then
		return nil
	end
	return lighty.c.md("sha256", #policy .. ":" .. policy .. #host .. ":" ..
	    host .. port .. ":" .. #cookies .. ":" .. cookies .. authorization)
end

-- Before each question: what goes along with it as AUTHGEAR_NOTE, and the
-- grant that is kept, if there is one.  nil: it may neither be a kept one nor
-- be kept.
local function note(self, policy)
	local now = self.root and clock()
	local key = now and read_pages(self) and key_of(policy, lighty.r)
	if not key then
		return nil
	end
	return key .. " " .. now .. " " .. self.turn, find(self, key, tonumber(now))
end

-- A grant, by what was noted before its question.  Not by the pages of another
-- daemon or state than the one that answered, and not if a script behind ours
-- gave the request another credential meanwhile: that one was asked with.
local function put(self, noted, said, headers)
	local key, at, turn = noted:match("^(%x+) (%S+) (%x+)$")
	local seconds, pages = said:match("^(%d+) (%x+)$")
	if not key or turn ~= self.turn or not seconds or #seconds > 5 or
	    pages ~= turn or self.fresh[key] or
	    key ~= key_of(lighty.r.req_env["AUTHGEAR_POLICY"], lighty.r) then
		return
	end
	local variables, size = {}, BESIDE + #key
	for name, value in pairs(lighty.r.req_env) do
		if value and not NOT_TOLD[name] and (name == "REMOTE_USER" or
		    name:find("^AUTHGEAR_")) then
			variables[name] = value
			size = size + #value + EACH
		end
	end
	for header in pairs(headers) do
		size = size + EACH
	end
	store(self, key, { over = at + seconds, size = size,
	    variables = variables, headers = headers })
end

-- What the words of AUTHGEAR_CACHE mean; each has its own pages and grants.
return function(words)
	local root, daemon = words:match("^(/%S*) (/%S*)$")
	if not root then
		say("AUTHGEAR_CACHE must be two directories: nothing is kept")
	end
	return { root = root, daemon = daemon, fresh = {}, old = {}, bytes = 0,
	    note = note, put = put }
end
