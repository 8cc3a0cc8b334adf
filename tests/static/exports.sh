#!/bin/sh
# An external symbol begins with the name of its file, or of the module that
# the file is a part of (gate_fetch.c: gate_).
cd "$(dirname "$0")/../.." || exit 1
build=${AUTHGEAR_BUILD:-build/plain}
objects=$(find "$build/src" -name '*.o' 2>/dev/null)
[ -n "$objects" ] || { echo "1..0 # SKIP nothing built in $build"; exit 0; }
# shellcheck disable=SC2086
findings=$(for object in $objects; do
	module=$(basename "$object" .o | sed 's/.*-//')
	nm -g --defined-only "$object" |
	    awk -v module="${module%%_*}" -v object="$module" '
	    $3 ~ /^_/ || $3 == module || $3 == "verdict_name" { next }
	    index($3, module "_") != 1 { print object ".c: " $3 }'
done)
echo 1..1
if [ -z "$findings" ]; then
	echo "ok 1 - symbols begin with their module"
else
	echo "not ok 1 - symbols begin with their module"
	printf '%s\n' "$findings" | sed 's/^/# /'
fi
