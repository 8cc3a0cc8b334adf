#!/bin/sh
# The floors of DESIGN.md: a file includes only what lies on its own floor or
# below, and a foreign library only where its one place is.
cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C

floor_of() {
	case $1 in
	fcgi/*|src/admin/*|src/face/*) echo 5 ;;
	src/transport/*|src/web/*) echo 4 ;;
	src/gate/*) echo 3 ;;
	src/state/*) echo 2 ;;
	src/ground/*) echo 0 ;;
	src/facts/*|src/settings/*) echo 1 ;;
	*) echo 9 ;;
	esac
}

files=$(find src fcgi -name '*.[ch]' | sort)

# Where a header of ours is.
place_of() {
	for place in "src/$1" "$1"; do
		[ -e "$place" ] && { echo "$place"; return; }
	done
}

upward() {
	# shellcheck disable=SC2086
	grep -nE '^#include "' $files |
	    sed -E 's/^([^:]*):[0-9]*:#include "([^"]*)".*/\1 \2/' |
	    while read -r file header; do
		place=$(place_of "$header")
		[ -n "$place" ] || continue
		[ "$(floor_of "$place")" -le "$(floor_of "$file")" ] ||
		    echo "$file includes $header"
	done
}

# foreign PATTERN ALLOWED: files that include it without being allowed to
foreign() {
	# shellcheck disable=SC2086
	grep -lE "^#include <$1" $files | grep -vxE "$2"
}

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

echo 1..8
holds "no include upwards" "$(upward)"
holds "openssl" "$(foreign 'openssl/' \
    'src/(ground/hash|facts/key(_[a-z]+)?|facts/certificates)\.[ch]')"
holds "jansson" "$(foreign 'jansson' 'src/ground/json(_parse)?\.c')"
holds "sqlite3" \
    "$(foreign 'sqlite3' 'src/state/(write/)?[a-z_]*\.c')"
holds "libini_config" "$(foreign 'ini_config' 'src/settings/settings[a-z_]*\.c')"
holds "libcurl" "$(foreign 'curl/' 'src/transport/http(_setup|_attempt)?\.[ch]')"
holds "libfcgi" "$(foreign 'fcgi' 'fcgi/layer/[a-z_]*\.c')"
holds "floors 0 to 3 neither print, exit, log nor ask the clock" "$(
    grep -nE '(^|[^a-z_])(printf|exit|_exit|getenv|secure_getenv|syslog|time|clock_gettime|gettimeofday|socket)\(' \
    src/ground/*.c src/facts/*.c src/settings/*.c src/state/*.c \
    src/state/write/*.c src/gate/*.c src/web/*.c)"
