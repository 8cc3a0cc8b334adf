#!/bin/sh
# usage: nginx_sanitized.sh [DIRECTORY]
# The tests of the nginx module in an nginx that is built here: Debian's source
# with AddressSanitizer, UndefinedBehaviorSanitizer and without pools of its own
# (NGX_DEBUG_PALLOC), so that every allocation is one of malloc's; and with poll
# and select, which Debian's has not.  nginx-dev has headers alone, so the source
# comes from Debian's archive by the network: this is a part of make check-long.
# Needs root, for the tests.
# Environment: AUTHGEAR_NGINX_SOURCE, a folder with that source, where there is
# no network; DEBIAN_MIRROR, else that of the machine.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
work=${1:-$(mktemp -d "${TMPDIR:-/tmp}/nginx-sanitized.XXXXXX")}
umask 022	# www-data reads there
mkdir -p "$work"
chmod 755 "$work"
suite=bookworm
mirror=${DEBIAN_MIRROR:-$(sed -n \
    -e 's/^deb \(\[[^]]*\] \)\{0,1\}\(http[^ ]*\).*/\2/p' \
    -e 's/^URIs: *\(http[^ ]*\).*/\1/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1)}
mirror=${mirror:-http://deb.debian.org/debian}
mirror=${mirror%/}
echo "working in $work"

echo "== the source of nginx"
mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial" \
    "$work/source"
for place in "$mirror $suite" "$mirror-security $suite-security"; do
	echo "deb-src $place main"
done >"$work/apt/sources.list"
apt() {
	apt-get -q -o Dir::Etc::SourceList="$work/apt/sources.list" \
	    -o Dir::Etc::SourceParts=/dev/null \
	    -o Dir::State::Lists="$work/apt/lists" \
	    -o Dir::Cache="$work/apt/cache" \
	    -o APT::Sandbox::User=root "$@" </dev/null >>"$work/apt.log" 2>&1
}
no_source() {
	tail "$work/apt.log"
	echo "the source of nginx cannot be had from $mirror: say" \
	    "AUTHGEAR_NGINX_SOURCE or DEBIAN_MIRROR" >&2
	exit 1
}
if [ -n "${AUTHGEAR_NGINX_SOURCE-}" ]; then
	cp -a "$AUTHGEAR_NGINX_SOURCE" "$work/source/nginx-given"
else
	apt update || no_source
	# an archive that has dropped this version has the original at least
	(cd "$work/source" && apt source nginx) || true
fi
cd "$work/source"
set -- nginx-*/
[ -d "$1" ] || tar xf nginx_*.orig.tar.gz 2>/dev/null || no_source
set -- nginx-*/
cd "$1"
nginx=$PWD

echo "== nginx, sanitized"
cp /usr/share/nginx/src/conf_flags .
flags="-g -O1 -fsanitize=address,undefined -fno-omit-frame-pointer
    -fno-sanitize=alignment,nonnull-attribute,pointer-overflow
    -DNGX_DEBUG_PALLOC=1 -Wno-error"
[ -x configure ] || cp auto/configure .
# what conf_flags leaves out, and Debian's own nginx has
more=$(nginx -V 2>&1 | tr ' ' '\n' | grep '^--with-http_[a-z0-9_]*_module$')
bash -c '. ./conf_flags && exec ./configure "${NGX_CONF_FLAGS[@]}" \
    --with-poll_module --with-select_module --with-cc-opt="$1" \
    --with-ld-opt="-fsanitize=address,undefined" $2' \
    bash "$(echo $flags)" "$more" \
    >"$work/nginx.log" 2>&1 && make -j2 >>"$work/nginx.log" 2>&1 || {
	tail "$work/nginx.log"
	exit 1
}

echo "== the module, sanitized"
mkdir -p "$work/build"
cd "$work/build"
# the daemon, the simulator and the programs of the tests are sanitized too
{ "$top/configure" --with-nginx="$nginx" --enable-sanitizers \
    CFLAGS="-g -O1 -DNGX_DEBUG_PALLOC=1" && make -j2; } \
    >"$work/build.log" 2>&1 || { tail "$work/build.log"; exit 1; }

echo "== the tests"
mkdir -p "$work/found"
chmod 1777 "$work/found"
# what nginx itself does is not looked for, what it does with the module is
export ASAN_OPTIONS="detect_leaks=0:log_path=$work/found/asan"
export UBSAN_OPTIONS="print_stacktrace=1:log_path=$work/found/ubsan"
export AUTHGEAR_NGINX="$nginx/objs/nginx" AUTHGEAR_BUILD="$work/build" \
    AUTHGEAR_SOURCE="$top" PYTHONDONTWRITEBYTECODE=1
status=0
for test in nginx_module nginx_module_asking nginx_module_cache \
    nginx_module_dav nginx_module_load nginx_module_revoked \
    nginx_backends nginx_lists nginx_routes nginx_around; do
	if /usr/bin/python3 "$top/tests/e2e/test_$test.py" \
	    >"$work/$test.log" 2>&1; then
		echo "$test: $(tail -n 1 "$work/$test.log")"
	else
		status=1
		echo "$test: FAILED, see $work/$test.log"
		grep '^not ok' "$work/$test.log" | head
	fi
done
for found in "$work/found"/*; do
	[ -e "$found" ] || continue
	grep -q nginx "$found" || continue
	status=1
	echo "== $found"
	head -n 40 "$found"
done
[ "$status" = 0 ] && echo "== nothing found"
exit $status
