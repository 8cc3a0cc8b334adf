-- For LuaHookAccessChecker of Apache: refuses identity headers in spellings
-- that "RequestHeader unset" does not name. SetEnvIf cannot: of all headers
-- that match a pattern it looks at the last one only.

-- An application may take "X-A", "X_A" and "X.A" for one name.
local function is_identity(plain)
	return plain:find("^x%-authgear%-") or plain == "remote-user" or
	    plain == "x-remote-user" or plain == "x-forwarded-user"
end

function refuse_forged(r)
	local is_first = r.is_initial_req
	for name in pairs(r:headers_in_table()) do
		local lower = name:lower()
		local plain = lower:gsub("[^%w]", "-")
		-- Redirected inside, a request has the names that we set.
		if is_identity(plain) and (is_first or plain ~= lower) then
			return 403
		end
	end
	return apache2.DECLINED
end
