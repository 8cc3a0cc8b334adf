#!/bin/sh
# Static functions, parameters, includes and threads, by the text of the C.
cd "$(dirname "$0")/../.." || exit 1
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 tests/static/shape.py
