#!/bin/sh
# Every header compiles by itself.
cd "$(dirname "$0")/../.." || exit 1
cc=${CC:-cc}
headers=$(find src fcgi check pam -name '*.h' | sort)
build=${AUTHGEAR_BUILD:-build/plain}
# those of the nginx module need nginx's, where the build has them
nginx=$(make -s --no-print-directory -C "$build" print-nginx-flags \
    2>/dev/null | tail -n 1)
if [ -d "$build/nginx-headers/objs" ]; then
	headers="$headers $(find nginx -name '*.h' | sort)"
else
	nginx=
fi

# shellcheck disable=SC2086
set -- $headers
echo "1..$#"
n=0
for header; do
	n=$((n + 1))
	if said=$(printf '#include "%s"\n' "$header" | "$cc" -std=gnu11 \
	    -D_GNU_SOURCE -Wall -Wextra -Werror -I. -Isrc $nginx \
	    -fsyntax-only -x c - 2>&1); then
		echo "ok $n - $header"
	else
		echo "not ok $n - $header"
		printf '%s\n' "$said" | sed 's/^/# /'
	fi
done
