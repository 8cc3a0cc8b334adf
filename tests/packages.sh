# Debian packages that the build, the demo and the tests need, and how they
# are installed; sourced by quickstart and run-tests.

packages_build="gcc libc6-dev make autoconf automake libtool pkg-config
libcurl4-openssl-dev libssl-dev libsqlite3-dev libjansson-dev
libini-config-dev libfcgi-dev"
packages_sim="libmicrohttpd-dev"
# curl is for the reader of what quickstart prints; ca-certificates for a real
# endpoint.
packages_demo="lighttpd lighttpd-modules-lua nginx python3 curl
ca-certificates"
# The tests run the demonstration too, so these come on top.  media-types has
# Apache's mime.types, libclang-rt the runtime of sanitizers and fuzzing;
# systemd is started in namespaces of its own, for its units.
packages_tests="libcmocka-dev apache2-bin media-types openssl valgrind clang
clang-tidy libclang-rt-14-dev cppcheck mandoc xz-utils chromium
chromium-driver php-fpm uwsgi-core uwsgi-plugin-python3 python3-grpcio
python3-websockets libcgi-pm-perl libnginx-mod-http-lua
libnginx-mod-http-headers-more-filter systemd"

# packages_missing NAME...: those of them that are not installed
packages_missing() {
	for package_ in "$@"; do
		case $(dpkg-query -W -f '${Status}' "$package_" 2>/dev/null) in
		"install ok installed") ;;
		*) printf '%s ' "$package_" ;;
		esac
	done
}

# packages_command NAME...: what installs them, for a person to read
packages_command() {
	printf 'apt-get install --no-install-recommends %s\n' "$*"
}

# packages_as_root COMMAND...: as root, by sudo where needed; 1 if neither
packages_as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1; then
		sudo "$@"
	else
		return 1
	fi
}

# packages_install NAME...: install them and leave no service of theirs
# running or enabled.  A policy-rc.d of ours keeps maintainer scripts from
# starting services while this lasts; one that was there before stays.
packages_install() {
	packages_as_root sh -eu -c '
		policy=/usr/sbin/policy-rc.d
		mine=no
		units_before=$(mktemp)
		units_after=$(mktemp)
		trap "rm -f \"$units_before\" \"$units_after\"
		    [ \$mine = no ] || rm -f $policy" EXIT
		list() {
			command -v systemctl >/dev/null 2>&1 || return 0
			systemctl list-unit-files --no-legend --no-pager \
			    --state=enabled 2>/dev/null |
			    awk "{print \$1}" | sort
		}
		list >"$units_before"
		if [ ! -e "$policy" ] && [ ! -L "$policy" ]; then
			printf "#!/bin/sh\nexit 101\n" >"$policy"
			chmod 755 "$policy"
			mine=yes
		fi
		export DEBIAN_FRONTEND=noninteractive
		apt-get -q update || echo "apt-get update failed; trying anyway"
		apt-get -q -y install --no-install-recommends "$@"
		list >"$units_after"
		for unit in $(comm -13 "$units_before" "$units_after"); do
			systemctl disable --now "$unit" || true
		done
	' packages_install "$@" </dev/null
}
