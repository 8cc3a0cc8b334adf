#!/bin/sh
# Every header compiles by itself.
cd "$(dirname "$0")/../.." || exit 1
cc=${CC:-cc}
headers=$(find src fcgi check pam -name '*.h' | sort)

# shellcheck disable=SC2086
set -- $headers
echo "1..$#"
n=0
for header; do
	n=$((n + 1))
	if said=$(printf '#include "%s"\n' "$header" | "$cc" -std=gnu11 \
	    -D_GNU_SOURCE -Wall -Wextra -Werror -I. -Isrc \
	    -fsyntax-only -x c - 2>&1); then
		echo "ok $n - $header"
	else
		echo "not ok $n - $header"
		printf '%s\n' "$said" | sed 's/^/# /'
	fi
done
