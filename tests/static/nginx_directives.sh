#!/bin/sh
# Every directive of the nginx that is installed is one that somebody has
# looked at (nginx_directives.txt), and authgear-server.conf says by itself
# what the table says of it.
cd "$(dirname "$0")/../.." || exit 1
if [ ! -x /usr/sbin/nginx ]; then
	echo "1..0 # SKIP nginx is not installed"
	exit 0
fi
exec /usr/bin/python3 tests/static/nginx_directives.py
