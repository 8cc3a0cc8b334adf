#!/bin/sh
# What a formatter does not see: ASCII, blanks at line ends, wide lines, long
# functions and files, paths of the machine it was written on.
cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# named PATTERN FOLDER...: files of this kind, none of a build
named() {
	pattern=$1
	shift
	find "$@" -type d \( -name '.?*' -o -name 'build*' \) -prune -o \
	    -type f -regex ".*\.\($pattern\)" -print | sort
}
product='src fcgi check pam nginx'
# shellcheck disable=SC2086 # lists of words
files=$(named '[ch]' $product bench tests)
# shellcheck disable=SC2086
code_of_product=$(named '[ch]\|py\|sh' $product)
code_of_tests=$(named '[ch]\|py\|sh' bench tests)

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

# finds TEXT WANTED FINDINGS: of a planted file these, and no other
finds() {
	holds "finds: $1" "$([ "$2" = "$3" ] || printf 'not %s but %s\n' \
	    "'$2'" "'$3'")"
}

# wide FILE...: lines of more than 80 columns, a tab being eight
wide() {
	awk '{
		line = $0
		while ((at = index(line, "\t")) > 0)
			line = substr(line, 1, at - 1) \
			    substr("        ", 1, 8 - (at - 1) % 8) \
			    substr(line, at + 1)
		if (length(line) > 80)
			print FILENAME ":" FNR ": " length(line) " columns"
	}' "$@"
}

# long MAX FILE...: files of more lines
long() {
	max=$1
	shift
	awk -v max="$max" '
	function over() {
		if (last > max)
			print name ": " last " lines"
	}
	FNR == 1 { over() }
	{ last = FNR; name = FILENAME }
	END { over() }' "$@"
}

# tall FILE...: functions of more than 60 lines
tall() {
	awk 'FNR == 1 { begun = 0 }
	/^\{/ { begun = FNR }
	/^\}/ {
		if (begun && FNR - begun - 1 > 60)
			print FILENAME ":" begun ": " FNR - begun - 1 " lines"
		begun = 0
	}' "$@"
}

# unguarded FILE...: headers without the guard of their name
unguarded() {
	for header; do
		case $header in
		*.h) ;;
		*) continue ;;
		esac
		guard=$(basename "$header" .h | tr a-z A-Z)_H_
		grep -qE "^#ifndef ([A-Z0-9_]*_)?$guard\$" "$header" ||
			echo "$header: no $guard"
	done
}

# The checks that count are tried on a file that each must find fault with.
cd "$work" || exit 1
{
	printf 'int\nf(void)\n{\n'
	awk 'BEGIN { for (i = 0; i < 61; i++) print "\tx();" }'
	printf '}\n\tint %067d;\n\tint %068d;\n%081d\n' 0 0 0
} >bad.h
printf '#ifndef A_GOOD_H_\n%080d\n' 0 >good.h
finds "wide lines" "bad.h:67: 81 columns
bad.h:68: 81 columns" "$(wide bad.h good.h)"
finds "long files" "bad.h: 68 lines" "$(long 67 bad.h good.h)"
finds "tall functions" "bad.h:3: 61 lines" "$(tall bad.h good.h)"
finds "no guard" "bad.h: no BAD_H_" "$(unguarded bad.h good.h)"
cd "$OLDPWD" || exit 1

# shellcheck disable=SC2086
{
holds "ASCII only" "$(grep -nP '[^\x00-\x7f]' $files)"
holds "no blanks at line ends" "$(grep -nE '[ 	]+$' $files)"
holds "no paths of one machine" \
    "$(grep -nE '"(/work|/root|/home)/|/tmp/(wt|build)' $files)"
holds "no line of C over 80 columns" "$(wide $files)"
holds "no function of the product over 60 lines" \
    "$(tall $(named '[ch]' $product bench))"
holds "no file of the product over 400 lines" "$(long 400 $code_of_product)"
holds "no file of tests and benches over 600 lines" \
    "$(long 600 $code_of_tests)"
holds "Makefile.am has under 400 lines" \
    "$(long 399 Makefile.am tests/tests.am)"
holds "headers are guarded by their names" "$(unguarded $files)"
}
echo "1..$n"
