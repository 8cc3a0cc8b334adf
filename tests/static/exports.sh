#!/bin/sh
# Names, homes, users and circles of what files give to each other, from the
# objects of the build in $AUTHGEAR_BUILD.
cd "$(dirname "$0")/../.." || exit 1
build=${AUTHGEAR_BUILD:-build/plain}
if [ ! -e "$build/libgate.la" ]; then
	echo "1..0 # SKIP nothing built in $build"
	exit 0
fi
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 tests/static/exports.py "$build"
