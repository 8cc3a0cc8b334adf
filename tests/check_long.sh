#!/bin/sh
# usage: check_long.sh [DIRECTORY]
# What takes longer than ./run-tests may: the whole suite in a minimal root
# made by debootstrap, first as root, then as an ordinary user; then the load
# tests with larger numbers and ten minutes of every fuzz target.  Needs root.
set -eu
source_=$(cd "$(dirname "$0")/.." && pwd)
work=${1:-$(mktemp -d "${TMPDIR:-/tmp}/check-long.XXXXXX")}
root=$work/root
suite=bookworm
mirror=${DEBIAN_MIRROR:-$(sed -n \
    -e 's/^deb \(\[[^]]*\] \)\{0,1\}\(http[^ ]*\).*/\2/p' \
    -e 's/^URIs: *\(http[^ ]*\).*/\1/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1)}
[ "$(id -u)" = 0 ] || { echo "check-long needs root (debootstrap)" >&2; exit 1; }
command -v debootstrap >/dev/null || {
	echo "check-long needs debootstrap: apt-get install debootstrap" >&2
	exit 1
}
umask 022	# web servers of the tests read there as www-data
mkdir -p "$work"
chmod 755 "$work"
echo "working in $work"

cleanup() {
	for mount in dev/shm dev proc sys; do
		umount -l "$root/$mount" 2>/dev/null || true
	done
}
trap cleanup EXIT
# dash runs it for no signal by itself
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

inside() {
	chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	    HOME=/root LC_ALL=C.UTF-8 "$@" </dev/null
}

echo "== a minimal root"
debootstrap --variant=minbase --include=git,ca-certificates "$suite" \
    "$root" "$mirror" >"$work/debootstrap.log" 2>&1 || {
	tail -n 20 "$work/debootstrap.log"
	exit 1
}
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp -a /etc/apt/. "$root/etc/apt/"
# every installed Debian has it, and browsers look their own ports up by name
printf '127.0.0.1 localhost\n' >"$root/etc/hosts"
for mount in proc sys dev dev/shm; do
	mkdir -p "$root/$mount"
	mount --bind "/$mount" "$root/$mount"
done
git clone -q "$source_" "$root/srv/authgear-gate"

echo "== as root"
inside sh -c 'cd /srv/authgear-gate && ./run-tests' | tee "$work/root.txt"
tail -n 1 "$work/root.txt" | grep -q ', 0 failed' || exit 1

echo "== as an ordinary user, packages already there"
inside useradd -m tester
git clone -q "$source_" "$root/home/tester/authgear-gate"
inside chown -R tester:tester /home/tester
inside su tester -c 'cd ~/authgear-gate && ./run-tests' | tee "$work/user.txt"
tail -n 1 "$work/user.txt" | grep -q ', 0 failed' || exit 1

echo "== larger numbers"
(cd "$source_" && AUTHGEAR_TEST_REQUESTS=100000 AUTHGEAR_TEST_AFTER=1000000 \
    AUTHGEAR_TEST_ROUNDS=1000 AUTHGEAR_TEST_LOGINS=1000 \
    AUTHGEAR_TEST_ROWS=1000000 AUTHGEAR_TEST_ALLOCATIONS=100000 \
    ./run-tests --only e2e) |
    tee "$work/large.txt"
tail -n 1 "$work/large.txt" | grep -q ', 0 failed' || exit 1
AUTHGEAR_TEST_CUTS=3000 "$source_/build/plain/tests/unit/test_trust_power"
for name in gate_memory state_memory; do
	AUTHGEAR_TEST_ALLOCATIONS=all \
	    "$source_/build/plain/tests/unit/test_$name"
done

echo "== the nginx module in a sanitized nginx"
DEBIAN_MIRROR=$mirror "$source_/tests/nginx_sanitized.sh" "$work/nginx"

echo "== fuzzing, ten minutes a target"
make -C "$source_/build/plain" fuzz FUZZ_SECONDS=600

# never across a mount: what is bound there is the machine's own
cleanup
if ! grep -q " $root/" /proc/mounts; then
	rm -rf --one-file-system "$root"
fi
echo "check-long passed"
