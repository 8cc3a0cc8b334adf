# Debian packages that the build, the demo and the tests need, and how they
# are installed; sourced by quickstart and run-tests.

packages_build="gcc libc6-dev make autoconf automake libtool pkg-config
libcurl4-openssl-dev libssl-dev libsqlite3-dev libjansson-dev
libini-config-dev libfcgi-dev"
# The nginx module, which is built where these headers are.
packages_nginx="nginx nginx-dev"
packages_sim="libmicrohttpd-dev"
# curl is for the reader of what quickstart prints; ca-certificates for a real
# endpoint.
packages_demo="lighttpd lighttpd-modules-lua nginx python3 curl
ca-certificates"
# The one of PAM makes a private Debian with its hosts.
packages_pam="libpam0g-dev mmdebstrap python3 curl ca-certificates"
# The tests run the demonstrations too, so these come on top.  media-types has
# Apache's mime.types, libclang-rt the runtime of sanitizers and fuzzing, llvm what tells
# which lines that has reached;
# systemd is started in namespaces of its own, for its units.
packages_tests="libcmocka-dev apache2 apache2-bin media-types openssl valgrind
clang clang-tidy libclang-rt-14-dev llvm cppcheck mandoc xz-utils chromium
chromium-driver php-fpm uwsgi-core uwsgi-plugin-python3 python3-grpcio
python3-websockets libcgi-pm-perl libnginx-mod-http-lua
libnginx-mod-http-headers-more-filter systemd"
# Every package of modules that lighttpd has, each tried beside the example;
# and parsers of cookies.
packages_tests="$packages_tests lighttpd-mod-authn-gssapi
lighttpd-mod-authn-pam lighttpd-mod-authn-sasl lighttpd-mod-deflate
lighttpd-mod-gnutls lighttpd-mod-maxminddb lighttpd-mod-mbedtls
lighttpd-mod-nss lighttpd-mod-openssl lighttpd-mod-vhostdb-pgsql
lighttpd-mod-webdav lighttpd-mod-wolfssl lighttpd-modules-dbi
lighttpd-modules-ldap lighttpd-modules-mysql php-cgi python3-werkzeug"
# Clients of the PAM hosts, and one of theirs.
packages_tests="$packages_tests $packages_pam $packages_nginx
libjson-c-dev python3-paramiko"

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

# where maintainer scripts ask whether they may start a service
packages_policy=/usr/sbin/policy-rc.d

# packages_install NAME...: install them and leave no service of theirs
# running or enabled
packages_install() {
	packages_as_root sh tests/install_packages.sh "$packages_policy" \
	    "$@" </dev/null
}

# packages_clean: take away what a run that was killed left in the way of
# services; from the top of the tree, as packages_install
packages_clean() {
	grep -qs '^# made by authgear-gate' "$packages_policy" \
	    "$packages_policy".authgear-gate.* || return 0
	packages_as_root sh tests/install_packages.sh "$packages_policy" \
	    </dev/null || echo "$packages_policy was left by a run that was" \
	    "killed and keeps services from starting; as root: rm" \
	    "$packages_policy" >&2
}
