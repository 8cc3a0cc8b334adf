#!/bin/sh
# usage: coverage.sh BUILD-DIRECTORY
# Line coverage by folder of what has run in a --enable-coverage build.
set -eu
cd "$1"
folders='src|fcgi|check|pam'
find . -name '*.gcda' | grep -E "^\./($folders)/" | sort |
    xargs -r gcov -n -r -s "${AUTHGEAR_SOURCE:-$PWD}" 2>/dev/null |
    awk -v folders="$folders" '
	/^File / {
		name = ""
		gsub(/\047/, "")
		if (match($2, "(" folders ")(/[a-z_0-9]+)+\\.[ch]$"))
			name = substr($2, RSTART)
	}
	/^Lines executed:/ && name != "" {
		split($0, part, /[:% ]+/)
		hits = part[3] * part[5] / 100
		if (hits >= hit[name]) {
			hit[name] = hits
			all[name] = part[5]
		}
		name = ""
	}
	END {
		for (name in all) {
			folder = name
			sub(/\/[^\/]*$/, "", folder)
			h[folder] += hit[name]; a[folder] += all[name]
			H += hit[name]; A += all[name]
		}
		for (folder in a)
			printf "%-15s %5.1f %% of %d lines\n", folder,
			    100 * h[folder] / a[folder], a[folder]
		if (A > 0)
			printf "%-15s %5.1f %% of %d lines\n", "all",
			    100 * H / A, A
	}'
