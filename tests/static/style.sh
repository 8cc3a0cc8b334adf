#!/bin/sh
# What a formatter does not see: ASCII, blanks at line ends, long functions,
# paths of the machine it was written on.
cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C
files=$(find ./src ./fcgi ./pam ./bench ./tests -name '*.[ch]' | sort)

n=0
# holds TEXT FINDINGS: passes if there are none
holds() {
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
	fi
}

echo 1..5
# shellcheck disable=SC2086
{
holds "ASCII only" "$(grep -nP '[^\x00-\x7f]' $files)"
holds "no blanks at line ends" "$(grep -nE '[ 	]+$' $files)"
holds "no paths of one machine" \
    "$(grep -nE '"(/work|/root|/home)/|/tmp/(wt|build)' $files)"
holds "functions of 60 lines at most (tests keep tables in theirs)" "$(awk '
    FNR == 1 { begun = 0 }
    /^\{/ { begun = FNR }
    /^\}/ { if (begun && FNR - begun - 1 > 60 &&
	    FILENAME !~ /^.\/tests\//)
	print FILENAME ":" begun ": " FNR - begun - 1 " lines"; begun = 0 }
    ' $files)"
holds "headers are guarded by their names" "$(for header in $files; do
	case $header in
	*.h) ;;
	*) continue ;;
	esac
	guard=$(basename "$header" .h | tr a-z A-Z)_H_
	grep -qE "^#ifndef [A-Z0-9_]*$guard?$" "$header" || echo "$header: no $guard"
done)"
}
