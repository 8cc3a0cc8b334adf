#!/bin/sh
# usage: install_packages.sh POLICY [PACKAGE...]
# As root: installs packages and leaves no service of theirs running or
# enabled. While it lasts, POLICY (policy-rc.d) keeps maintainer scripts from
# starting services; one that was there before stays. However this ends but by
# SIGKILL, ours is taken away; what a killed one left is taken away by the next,
# which is all that is done without a PACKAGE.
set -eu
policy=$1
shift
mark='# made by authgear-gate while it installs packages, process '
before=

policy_text() {
	printf '#!/bin/sh\n%s%s\nexit 101\n' "$mark" "$1"
}

# owner_of FILE: the process that made it, if it is ours to the byte
owner_of() {
	[ -f "$1" ] && [ ! -L "$1" ] || return 1
	owner=$(sed -n "s/^$mark\([0-9][0-9]*\)\$/\1/p" "$1")
	[ -n "$owner" ] || return 1
	# a byte behind it, for the newline that $() takes away
	[ "$(cat "$1"; echo x)" = "$(policy_text "$owner"; echo x)" ] ||
		return 1
	echo "$owner"
}

# is_at_work PROCESS: another one of us, and not a number used again
is_at_work() {
	[ "$1" != $$ ] && [ -e "/proc/$1/cmdline" ] &&
	    tr '\0' '\n' <"/proc/$1/cmdline" |
	    grep -q '^\(.*/\)\{0,1\}install_packages\.sh$'
}

remove_leftovers() {
	for left in "$policy".authgear-gate.*; do
		[ -e "$left" ] || continue
		is_at_work "${left##*.}" || rm -f "$left"
	done
	owner=$(owner_of "$policy") || return 0
	is_at_work "$owner" && return 0
	rm -f "$policy"
	echo "$policy was left by a run that was killed, and is removed"
}

# The name comes last and only if it is free, so that at no moment anything
# stands there that nobody knows.
make_policy() {
	if [ -e "$policy" ] || [ -L "$policy" ]; then
		[ "$(cat "$policy")" != "$(printf '#!/bin/sh\nexit 101')" ] ||
			echo "$policy was there before and stays; if an" \
			    "earlier release of this left it, remove it:" \
			    "it keeps every service from starting"
		return 0
	fi
	policy_text $$ >"$policy.authgear-gate.$$"
	chmod 755 "$policy.authgear-gate.$$"
	ln "$policy.authgear-gate.$$" "$policy" || true
	rm -f "$policy.authgear-gate.$$"
}

enabled_units() {
	command -v systemctl >/dev/null 2>&1 || return 0
	systemctl list-unit-files --no-legend --no-pager --state=enabled \
	    2>/dev/null | awk '{print $1}'
}

# The terminal may be gone: nothing is said before the policy is. A signal that
# comes while this begins calls it once more, and then that one ends it.
finish() {
	trap '' HUP INT QUIT PIPE TERM
	trap - EXIT
	set +e
	rm -f "$policy.authgear-gate.$$"
	[ "$(owner_of "$policy")" != $$ ] || rm -f "$policy"
	for unit in $(enabled_units); do
		case " $before " in
		*" $unit "*) ;;
		*) systemctl disable --now "$unit" ;;
		esac
	done
	exit "$1"
}

remove_leftovers
[ $# -gt 0 ] || exit 0
before=$(enabled_units | tr '\n' ' ')
# dash runs no EXIT trap when a signal ends it
trap 'finish $?' EXIT
trap 'finish 129' HUP
trap 'finish 130' INT
trap 'finish 131' QUIT
trap 'finish 141' PIPE
trap 'finish 143' TERM
make_policy
export DEBIAN_FRONTEND=noninteractive
apt-get -q update || echo "apt-get update failed; trying anyway"
apt-get -q -y install --no-install-recommends "$@"
