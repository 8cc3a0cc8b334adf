#!/bin/sh
# Every directive of the nginx that is installed is one that somebody has
# looked at (nginx_directives.txt), and authgear-server.conf says by itself
# what the table says of it.
cd "$(dirname "$0")/../.." || exit 1
exec /usr/bin/python3 tests/static/nginx_check.py
