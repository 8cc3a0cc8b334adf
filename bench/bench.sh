#!/bin/sh
# usage: bench.sh BUILD
# Side by side with a no-op, a textbook program and no authorization; then
# sessions that Authgear's resolver knows; then nginx's module, where it is
# built; then the state by its rows, and what the administrator's commands take.
# With BEFORE=DIRECTORY bench_sessions.py and bench_state.py measure that build
# too, in the same rounds.
set -eu
AUTHGEAR_BUILD=$1
export AUTHGEAR_BUILD
here=$(cd "$(dirname "$0")" && pwd)
results=$here/RESULTS.md
python=/usr/bin/python3
pam=
[ ! -e "$1/.libs/pam_authgear.so" ] || pam=tests/e2e/pam_host
nginx=
[ ! -e "$1/.libs/ngx_http_authgear_module.so" ] || nginx=bench/peer_module.la
make -C "$1" bench/noop_gate bench/textbook tests/sim/authgear-sim $pam $nginx
"$python" "$here/bench.py" --output "$results"
"$python" "$here/bench_lighttpd.py" --append "$results"
"$python" "$here/bench_sessions.py" --append "$results" \
    ${BEFORE:+--before "$BEFORE"}
if [ -n "$nginx" ]; then
	"$python" "$here/bench_nginx.py" --append "$results"
fi
"$python" "$here/bench_state.py" --append "$results" --svg "$here" \
    ${BEFORE:+--before "$BEFORE"}
"$python" "$here/bench_admin.py" --append "$results"
if [ -n "$pam" ]; then
	"$python" -W ignore "$here/bench_pam.py" --append "$results"
fi
