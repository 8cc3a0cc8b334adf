#!/bin/sh
# authgear.conf(5) against the table of keys: same keys, same defaults, same
# order.
cd "$(dirname "$0")/../.." || exit 1

table=$(tr '\n' ' ' <src/settings/settings_table.c |
    grep -oE '\{ \{ (authgear|policy), "[a-z_]+", "[^"]*"' |
    sed -E 's/^\{ \{ [a-z]+, "([a-z_]+)", "([^"]*)"$/\1: \2/')
page=$(awk '/^\.It Ic / { key = $3 }
    /^Default: / { sub(/^Default: /, ""); sub(/\.$/, "");
	print key ": " $0 }' man/authgear.conf.5)

echo 1..2
if [ -n "$table" ] && [ "$table" = "$page" ]; then
	echo "ok 1 - keys and defaults of authgear.conf(5)"
else
	echo "not ok 1 - keys and defaults of authgear.conf(5)"
	printf '# table:\n%s\n# page:\n%s\n' "$table" "$page" |
	    sed 's/^[^#]/# &/'
fi
if ! command -v mandoc >/dev/null; then
	echo "ok 2 - mandoc # SKIP not installed"
elif mandoc -Tlint -Wwarning man/*.[0-9] >&2; then
	echo "ok 2 - mandoc finds nothing in the pages"
else
	echo "not ok 2 - mandoc finds nothing in the pages"
fi
