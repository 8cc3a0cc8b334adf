#!/bin/sh
# The limits of authgear-fcgi(8) and of README.md's table against the constants
# of the code: each row there, with that number.
cd "$(dirname "$0")/../.." || exit 1

# file, constant (or key of the settings; list: the words that a policy may
# name there), unit, what the row calls it
rows='
src/settings/settings_table.c max_credential bytes a credential, by default (max_credential)
pam/password.h PASSWORD_MAX bytes a credential that pam_authgear asks about
src/web/authorization.c MAX_ACCOUNT bytes the user name of HTTP Basic
src/ground/json.h JSON_MAX_DEPTH levels JSON, one in the other
src/facts/key.h KEY_MAX_ID bytes kid
src/facts/key_weakness.c MAX_BITS bits a key, and so a signature
src/facts/claims.h CLAIMS_MAX_LENGTH bytes a claim that is read, or each word of its list
src/facts/claims.h CLAIMS_MAX_AUDIENCE words aud
src/facts/claims.h CLAIMS_MAX_WORDS words roles, scopes, amr of a token
src/facts/resolver.h RESOLVER_MAX_WORDS words roles, amr of the resolver
src/facts/resolver.h RESOLVER_MAX_WORD characters a role, an amr of the resolver
src/facts/resolver.h RESOLVER_MAX_USER_ID characters the user ID of the resolver
src/transport/http_head.h HTTP_HEAD_MAX kB the headers of an answer of Authgear
src/ground/exchange.h EXCHANGE_MAX_KEPT headers of them, X-Authgear ones
src/facts/metadata.h METADATA_MAX_TEXT kB metadata
src/facts/metadata.h METADATA_MAX_URL characters a URL in the metadata
src/facts/jwks.h JWKS_MAX_TEXT kB a key set
src/facts/jwks.h JWKS_MAX_KEYS keys keys in a key set
src/facts/certificates.h CERTIFICATES_MAX_FILE kB ca_file
src/face/record.h RECORD_PARAMS_MAX kB the parameters of a request (its headers)
fcgi/reply.h REPLY_MAX bytes an answer
src/web/login_attempts.h LOGIN_ATTEMPTS_MAX attempts logins that are remembered
src/gate/logins.h LOGINS_MAX logins logins of PAM that account may rest on
src/settings/settings_table.c max_sessions sessions sessions that are kept, by default (max_sessions)
src/gate/recent.h RECENT_MAX sessions sessions held for a second
src/settings/settings.h SETTINGS_MAX_FILE kB authgear.conf
src/settings/settings.h SETTINGS_MAX_VALUE bytes a line of it
src/settings/policy.h POLICY_MAX policies its policies
src/settings/policy.h POLICY_MAX_NAME characters the name of a policy
list audience words audience
list clients words clients
list require_role words require_role
list require_all_roles words require_all_roles
list require_scope words require_scope
list export words export
src/state/write/trust_writer.h TRUST_WRITER_MAX_VALUE bytes what is revoked or blocked
src/state/write/trust_writer.h TRUST_WRITER_MAX_REASON bytes the reason of a change
src/state/write/trust_writer.h TRUST_WRITER_MAX_ACCOUNT bytes an account of the map
fcgi/ask.h ASK_ACCOUNT_MAX bytes an account that PAM asks about
pam/pam_options.h PAM_OPTIONS_ENV_MAX names names in env=
pam/pam_options.h PAM_OPTIONS_ENV_VALUE_MAX bytes a value in the environment of a login
fcgi/layer/listener.h LISTENER_MAX listeners listeners
fcgi/layer/server.h SERVER_THREADS_MAX threads threads
fcgi/layer/server.h SERVER_CONNECTIONS_MAX connections connections, with --max-connections
fcgi/layer/server_private.h SERVER_PARKED_MAX requests requests that wait for Authgear
nginx/kept.h KEPT_MAX connections connections that a worker of nginx keeps to the daemon
nginx/keeping.h KEEPING_USUAL kB what such a worker keeps of grants, by default
fcgi/log.h LOG_REFUSALS_A_SECOND lines log lines of one reason in a second
'

# The number as the code has it, with commas; of bytes in kB if asked so.
number()
{
	if [ "$1" = list ]; then
		tr '\n' ' ' <src/settings/settings_table.c |
		    sed -nE "s/.*\{ policy, \"$2\", [^}]*\},([^,]*,){3} ([0-9]+),.*/\2/p"
		return
	fi
	value=$(sed -nE "s/^#define $2[[:space:]]+\(?([0-9* ]+).*/\1/p
	    s/^.*\{ authgear, \"$2\", \"([0-9]+)\".*/\1/p" "$1")
	[ -n "$value" ] || return 1
	value=$(($value))
	[ "$3" != kB ] || value=$((value / 1024))
	echo "$value" | sed -E ':a
	    s/([0-9])([0-9]{3})(,|$)/\1,\2\3/;ta'
}

# The rows of a document, "what: number unit" each.
of_page()
{
	sed -n '/^\.Sh LIMITS/,/^\.Sh [^L]/s/^\.It \(.*\) Ta \(.*\)$/\1: \2/p' "$1"
}

of_readme()
{
	sed -nE '/^## Limits/,/^## [^L]/s/^\| (.*) \| (.*) \|$/\1: \2/p' "$1" |
	    tr -d '`*' | grep -v '^-'
}

wanted=$(echo "$rows" | while read -r file name unit what; do
	[ -n "$file" ] || continue
	echo "$what: $(number "$file" "$name" "$unit") $unit"
done)

check()
{
	missing=$(echo "$wanted" | while read -r line; do
		echo "$2" | grep -qxF "$line" || echo "# missing: $line"
	done)
	if [ -z "$missing" ] && ! echo "$wanted" | grep -q ':  '; then
		echo "ok $1"
	else
		echo "not ok $1"
		echo "$missing"
	fi
}

echo 1..3
planted=$(of_page man/authgear-fcgi.8 | sed 's/^aud: 16/aud: 17/')
if check 0 "$planted" | grep -q '^# missing: aud: 16 words'; then
	echo "ok 1 - a wrong number is found"
else
	echo "not ok 1 - a wrong number is found"
fi
check "2 - the limits of authgear-fcgi(8)" "$(of_page man/authgear-fcgi.8)"
check "3 - the limits of README.md" "$(of_readme README.md)"
