#!/bin/sh
# tests/runner.py: a skip is counted and told with its reason; one without a
# reason, a plan that does not fit and an early end are failures.
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

n=0
# says NAME TOTAL TEXT TAP-LINE...: what the runner makes of these lines
says() {
	n=$((n + 1))
	name=$1 total=$2 text=$3
	shift 3
	{
		echo "cat <<'LINES'"
		printf '%s\n' "$@"
		echo LINES
	} >"$work/it.sh"
	rm -f "$work/total" "$work/skips" "$work/times"
	/usr/bin/python3 tests/runner.py --log-dir "$work" \
	    --total "$work/total" --skips "$work/skips" \
	    --times "$work/times" "$work/it.sh" >"$work/said" 2>&1
	if [ "$(cat "$work/total")" = "$total" ] &&
	    grep -qF -e "$text" "$work/said" &&
	    grep -q "it.sh\$" "$work/times"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		sed 's/^/# /' "$work/total" "$work/said"
	fi
}

echo 1..9
says "passed" "2 0 0" "2 passed" "1..2" "ok 1 - a" "ok 2 - b"
says "failed" "1 1 0" "FAILED: b" "1..2" "ok 1 - a" "not ok 2 - b"
says "a skip with its reason" "0 0 1" "skipped: a: not here" "1..1" \
    "ok 1 - a # SKIP not here"
says "a skip without one" "0 1 0" "without a reason: a" "1..1" \
    "ok 1 - a # SKIP"
says "a skip of cmocka" "0 0 1" "skipped: a: not root" "1..1" \
    "# skip: not root" "not ok 1 # SKIP a"
says "a skip of cmocka without a reason" "0 1 0" "without a reason: a" \
    "1..1" "not ok 1 # SKIP a"
says "everything skipped" "0 0 1" "skipped: all: nothing built" \
    "1..0 # SKIP nothing built"
says "nothing at all" "0 1 0" "no test at all" "1..0"
says "an early end" "1 1 0" "no plan" "ok 1 - a"
