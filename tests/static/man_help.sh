#!/bin/sh
# The options that a program's --help names are those of its manual page and
# of its completion.  Programs that are not built are skipped.
set -u
src=$(cd "$(dirname "$0")/../.." && pwd)
build=${AUTHGEAR_BUILD:-$(pwd)}
count=0
failed=0

result() {
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		failed=1
	fi
}

long_options() {
	grep -o -e '--[a-z][a-z-]*[a-z]' | sort -u
}

# mdoc writes --word as "Fl -word"; mandoc renders it as it is typed.
man_options() {
	mandoc -T ascii "$1" | sed "s|.$(printf '\010')||g" | long_options
}

# $help is that of the program, $page of its manual.
pages() {
	test -n "$help"
	result $? "$1 --help names options"
	test "$help" = "$page"
	result $? "$1: --help and manual page agree"
	[ "$help" = "$page" ] ||
		printf '# help: %s\n# page: %s\n' "$(echo $help)" \
		    "$(echo $page)"
}

check() {
	program=$1
	shift
	if [ ! -x "$build/$program" ]; then
		count=$((count + 1))
		echo "ok $count - $program # SKIP not built"
		return
	fi
	help=$({
		"$build/$program" --help
		for command; do "$build/$program" "$command" --help; done
	} 2>&1 </dev/null | long_options)
	page=$(man_options "$src/man/$program.8")
	# what people do not run by hand has no completion
	[ "$program" != authgear-check ] || { pages "$program"; return; }
	words=$(grep -v '^#' "$src/completions/$program" | long_options)
	pages "$program"
	test "$help" = "$words"
	result $? "$program: --help and completion agree"
	[ "$help" = "$words" ] ||
		printf '# help: %s\n# completion: %s\n' "$(echo $help)" \
		    "$(echo $words)"
	bash -n "$src/completions/$program"
	result $? "$program: completion is valid bash"
}

check authgear-cache init accept revoke block lift map list \
    explain status doctor verify backup restore export import \
    prune keys
check authgear-fcgi
check authgear-check
echo "1..$count"
exit $failed
