#!/bin/sh
# tests/runner.py: a skip is counted and told with its reason; one without a
# reason, a plan that does not fit and an early end are failures; what failed
# runs again in the end, with nothing beside it.
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

n=0
# runs NAME TOTAL TEXT ARGUMENT...: what the runner makes of these programs
runs() {
	n=$((n + 1))
	name=$1 total=$2 text=$3
	shift 3
	rm -f "$work/total" "$work/skips" "$work/times"
	/usr/bin/python3 tests/runner.py --log-dir "$work" \
	    --total "$work/total" --skips "$work/skips" \
	    --times "$work/times" "$@" >"$work/said" 2>&1
	if [ "$(cat "$work/total")" = "$total" ] &&
	    grep -qF -e "$text" "$work/said" &&
	    grep -Eq '^[0-9.]+ .*/it\.sh [0-9.]+$' "$work/times"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		sed 's/^/# /' "$work/total" "$work/said" "$work/times"
	fi
}
# says NAME TOTAL TEXT TAP-LINE...: what it makes of one that says these lines
says() {
	says=$1 of=$2 with=$3
	shift 3
	{
		echo "cat <<'LINES'"
		printf '%s\n' "$@"
		echo LINES
	} >"$work/it.sh"
	runs "$says" "$of" "$with" "$work/it.sh"
}

echo 1..16
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

# it fails until the one beside it is over, which is a while after it failed
cat >"$work/it.sh" <<EOF
echo 1..1
[ -e "$work/over" ] || printf 'not '
echo 'ok 1 - a'
: >"$work/failed"
EOF
cat >"$work/beside.sh" <<EOF
until [ -e "$work/failed" ]; do sleep 0.05; done
sleep 0.5
: >"$work/over"
echo 1..1
echo 'ok 1 - b'
EOF
runs "run again alone" "2 0 0" "RETRIED" --jobs 2 --retry 1 \
    "$work/it.sh" "$work/beside.sh"
rm "$work/over" "$work/failed"
runs "run again in vain" "0 1 0" "RETRIED" --jobs 2 --retry 1 "$work/it.sh"
echo 'sleep 60' >"$work/it.sh"
runs "out of time" "0 2 0" "no end within 1 s" --timeout 1 "$work/it.sh"
cat >"$work/it.sh" <<'EOF'
awk 'BEGIN {for (i = 0; i < 20000000; i++) n++}'
echo 1..1
echo 'ok 1 - a'
EOF
runs "what its children use" "1 0 0" "of CPU" "$work/it.sh"
n=$((n + 1))
awk '$3 == 0 {exit 1}' "$work/times" || printf 'not '
echo "ok $n - is counted"

: >"$work/it.txt"
n=$((n + 1))
rm -f "$work/total"
/usr/bin/python3 tests/runner.py --log-dir "$work" --total "$work/total" \
    "$work/it.txt" "$work/it.sh" >"$work/said" 2>&1 && printf 'not '
grep -q 'FAILED: it does not start' "$work/said" || printf 'not '
[ "$(cat "$work/total")" = "1 1 0" ] || printf 'not '
echo "ok $n - one that does not start, and the others run"
n=$((n + 1))
rm -f "$work/total"
/usr/bin/python3 tests/runner.py --log-dir "$work" --total "$work/total" \
    >"$work/said" 2>&1 && printf 'not '
[ "$(cat "$work/total")" = "0 1 0" ] || printf 'not '
echo "ok $n - no program at all"
