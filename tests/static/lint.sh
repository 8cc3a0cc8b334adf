#!/bin/sh
# clang-tidy (.clang-tidy) and cppcheck over every C file, each with the
# flags of the build in $AUTHGEAR_BUILD.
cd "$(dirname "$0")/../.." || exit 1
build=${AUTHGEAR_BUILD:-build/plain}
if [ ! -e "$build/Makefile" ]; then
	echo "1..0 # SKIP no build in $build"
	exit 0
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
folders="src fcgi check pam tests"
flags=$(make -s --no-print-directory -C "$build" print-lint-flags |
    tail -n 1)
# the nginx module where the build has nginx's headers
if [ -d "$build/nginx-headers/objs" ]; then
	folders="$folders nginx"
	flags="$flags $(make -s --no-print-directory -C "$build" \
	    print-nginx-flags | tail -n 1)"
fi
# shellcheck disable=SC2086 # a list of words
files=$(find $folders -name '*.c' | sort)
[ -n "$files" ] && [ -n "$flags" ] || exit 1
# where the build was configured by a relative path, its -I are too
flags="-I. -Isrc -Itests/unit $flags"

# step NUMBER TOOL FUNCTION: skipped where the tool is not installed
step() {
	if ! command -v "$2" >/dev/null; then
		echo "ok $1 - $2 # SKIP not installed"
	elif "$3" >"$work/said" 2>&1; then
		echo "ok $1 - $2"
	else
		echo "not ok $1 - $2"
		grep -E ": (error|warning|portability|performance):" \
		    "$work/said" | sed 's/^/# /'
		cp "$work/said" /dev/stderr
	fi
}

# One file a time: the analyzer of clang 14 takes va_start for nothing in the
# second file of a run.
tidy() {
	# shellcheck disable=SC2086 # flags and files are lists of words
	printf '%s\n' $files |
	    xargs -P 2 -I FILE clang-tidy --quiet FILE -- $flags
}

# varFuncNullUB: NULL is a pointer on Linux.
check() {
	# it does not read the headers of the system
	cat >"$work/macros.h" <<'EOF'
#define json_array_foreach(array, index, value) \
	for (index = 0; (value = json_array_get(array, index)); index++)
#define TAILQ_FOREACH(item, head, field) \
	for (item = (head)->tqh_first; item; item = item->field.tqe_next)
EOF
	# shellcheck disable=SC2086
	cppcheck -q -j2 --std=c11 --enable=warning,portability,performance \
	    --inline-suppr --suppress=missingInclude \
	    --suppress=missingIncludeSystem --suppress=varFuncNullUB \
	    --include="$work/macros.h" --error-exitcode=1 $(printf '%s\n' $flags |
	    grep -E '^-[ID]' | grep -vE '^-I/usr') $files
}

echo 1..2
step 1 clang-tidy tidy
step 2 cppcheck check
