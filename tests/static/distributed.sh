#!/bin/sh
# Makefile.am names every file of the tree, and none that is gone.
cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C
build=${AUTHGEAR_BUILD:-build/plain}
if [ ! -e "$build/Makefile" ] || [ ! -e .git ]; then
	echo "1..0 # SKIP no build in $build, or no checkout"
	exit 0
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# What is not in the checkout yet counts too, or it would be forgotten.
git ls-files --cached --others --exclude-standard | while read -r file; do
	[ ! -e "$file" ] || echo "$file"
done | sort -u >"$work/files"
# A folder stands for all below it; what autoconf brings is in no checkout.
make -s --no-print-directory -C "$build" print-distributed | tail -n 1 |
    tr ' ' '\n' | sed -e 's|^\(\.\./\)*||' -e "s|^$PWD/||" -e 's|^\./||' |
    while read -r name; do
	if [ -d "$name" ]; then
		grep "^$name/" "$work/files"
	else
		echo "$name"
	fi
done | sort -u >"$work/named"

n=0
holds() {
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
	fi
}

echo 1..2
holds "every file is in Makefile.am" "$(comm -23 "$work/files" "$work/named")"
holds "every file of Makefile.am is there" "$(while read -r name; do
	[ -e "$name" ] || echo "$name"
done <"$work/named" | grep -vE '^(build-aux|m4)/|^(aclocal.m4|config\.h)')"
