#!/bin/sh
# The floors of DESIGN.md: a file includes only what lies on its own floor or
# below, and a foreign library only where its one place is.
cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C

floor_of() {
	case $1 in
	fcgi/*|admin/*|face/*) echo 5 ;;
	transport/*) echo 4 ;;
	src/decide*|src/decision_log*|src/keys.*|src/gate*|src/lookups*|\
	src/logins*|src/recent*|src/web/*)
		echo 3 ;;
	src/database*|src/trust*|src/status*) echo 2 ;;
	src/reason*|src/error*|src/buffer*|src/base64url*|src/hash*|\
	src/json.*|src/exchange*|src/origin*|src/word_list*|src/moment*|\
	src/shares*|src/notices*)
		echo 0 ;;
	src/*) echo 1 ;;
	*) echo 9 ;;
	esac
}

# Where a header of ours is, from the file that includes it.
place_of() {
	for place in "$2" "src/$2" "transport/$2" "$(dirname "$1")/$2"; do
		[ -e "$place" ] && { echo "$place"; return; }
	done
}

upward() {
	grep -nE '^#include "' src/*.[ch] src/web/*.[ch] transport/*.[ch] \
	    face/*.[ch] fcgi/*.[ch] admin/*.[ch] 2>/dev/null |
	    sed -E 's/^([^:]*):[0-9]*:#include "([^"]*)".*/\1 \2/' |
	    while read -r file header; do
		place=$(place_of "$file" "$header")
		[ -n "$place" ] || continue
		[ "$(floor_of "$place")" -le "$(floor_of "$file")" ] ||
		    echo "$file includes $header"
	done
}

# foreign PATTERN ALLOWED: files that include it without being allowed to
foreign() {
	grep -lE "^#include <$1" src/*.[ch] src/web/*.[ch] transport/*.[ch] \
	    face/*.[ch] fcgi/*.[ch] admin/*.[ch] 2>/dev/null | grep -vxE "$2"
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
holds "openssl" "$(foreign 'openssl/' 'src/(hash|key|certificates)\.c')"
holds "jansson" "$(foreign 'jansson' 'src/json\.c')"
holds "sqlite3" \
    "$(foreign 'sqlite3' 'src/(database|trust|status)[a-z_]*\.c')"
holds "libini_config" "$(foreign 'ini_config' 'src/settings[a-z_]*\.c')"
holds "libcurl" "$(foreign 'curl/' 'transport/http(_setup)?\.[ch]')"
holds "libfcgi" "$(foreign 'fcgi' 'fcgi/[a-z_]*\.c')"
holds "floors 0 to 3 neither print, exit, log nor ask the clock" "$(
    grep -nE '(^|[^a-z_])(printf|exit|_exit|getenv|secure_getenv|syslog|time|clock_gettime|gettimeofday|socket)\(' \
    src/*.c src/web/*.c)"
