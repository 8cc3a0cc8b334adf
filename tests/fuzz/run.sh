#!/bin/sh
# usage: run.sh SECONDS [BUILD_DIRECTORY [TARGET...]]
# Builds the fuzz targets (all, or those named) with clang and its sanitizers
# and runs each for so long, two at a time, from its seeds (seeds.py) and what
# earlier runs found; corpora and findings stay in BUILD_DIRECTORY/fuzz.  With
# FUZZ_SEED=N in the environment a run tries what the last one with N tried.
# Then it prints the line coverage, by the seeds alone, of the files that each
# target names as its own ("Own files:" in its first comment): under 80 % of
# one is a failure.  What a run finds beyond them differs each time.
set -eu
seconds=${1:?usage: run.sh SECONDS [BUILD_DIRECTORY [TARGET...]]}
top=$(cd "$(dirname "$0")/../.." && pwd)
build=${2:-$top/build/plain}	# a configured one: config.h
build=$(cd "$build" && pwd)
[ $# -lt 2 ] || shift
shift
least=80			# per cent of the lines of a file
out=$build/fuzz
mkdir -p "$out"
packages="libcrypto sqlite3 jansson ini_config fcgi"
flags="-g -O1 -std=gnu11 -D_GNU_SOURCE -I$top -I$top/src -I$build
    -DSYSCONFDIR=\"/etc\" -DLOCALSTATEDIR=\"/var\"
    -DLIBEXECDIR=\"/usr/libexec\"
    -fsanitize=address,undefined -fno-sanitize-recover=undefined
    -fprofile-instr-generate -fcoverage-mapping"

# own_files TARGET: what its first comment names, one a line
own_files() {
	sed -n -e '/Own files:/,$p' -e '/\*\//q' "$top/tests/fuzz/$1.c" |
	    grep -o '[a-z_/0-9]*\.c' || true
}

# is_enough HIT LINES: of the lines of a file
is_enough() {
	[ "$2" -gt 0 ] && [ $((100 * $1)) -ge $((least * $2)) ]
}
# it must be able to say no
if is_enough 799 1000 || is_enough 0 0 || ! is_enough 800 1000; then
	echo "run.sh does not tell what is too little" >&2
	exit 1
fi

# Once for all targets; each takes from the library what it needs.
mkdir -p "$out/objects"
rm -f "$out"/objects/*.o "$out/libfuzzed.a"
# An object is named by the place of its file: folders may share names.
# shellcheck disable=SC2016,SC2046,SC2086 # lists of words; for the inner sh
(cd "$top" && {
	find src fcgi -name '*.c' ! -name main.c ! -path 'src/admin/*' \
	    ! -path 'src/transport/*'
	printf '%s\n' src/admin/child_lines.c src/admin/csv.c \
	    src/admin/handed.c src/admin/import_file.c \
	    src/admin/log_line.c src/admin/progress.c \
	    src/admin/session_row.c src/admin/table.c \
	    src/admin/web_nginx.c \
	    src/transport/http_head.c \
	    pam/ask.c pam/ask_peer.c pam/ask_wire.c pam/helper.c \
	    nginx/grant.c nginx/plain_path.c
}) | (cd "$out/objects" && xargs -P 2 -I FILE sh -c '
	top=$1 file=$2; shift 2
	exec clang -c "$@" -o "$(echo "$file" | tr / -).o" "$top/$file"' \
    sh "$top" FILE $flags -fsanitize=fuzzer-no-link \
    $(pkg-config --cflags $packages))
ar rcs "$out/libfuzzed.a" "$out"/objects/*.o

rm -rf "$out/seeds"
/usr/bin/python3 -B "$top/tests/fuzz/seeds.py" "$out/seeds"
if [ $# = 0 ]; then
	for source in "$top"/tests/fuzz/fuzz_*.c; do
		set -- "$@" "$(basename "$source" .c)"
	done
fi
for name in "$@"; do
	# shellcheck disable=SC2046,SC2086
	clang $flags -fsanitize=fuzzer -o "$out/$name" \
	    "$top/tests/fuzz/$name.c" "$out/libfuzzed.a" \
	    $(pkg-config --libs $packages) -pthread
	mkdir -p "$out/$name.corpus"
	rm -f "$out/$name.profraw" "$out/$name.ok"
done

# shellcheck disable=SC2016 # for the inner sh
printf '%s\n' "$@" | xargs -P 2 -I NAME sh -c '
	out=$1 name=$2
	cd "$out"	# what a target makes for itself stays there too
	begin="-rss_limit_mb=1024 -verbosity=0 -artifact_prefix=$out/$name."
	{ LLVM_PROFILE_FILE=$out/$name.profraw "$out/$name" $begin -runs=0 \
	    -seed=1 -shuffle=0 "$out/seeds/$name" &&
	    LLVM_PROFILE_FILE=/dev/null "$out/$name" $begin -seed="$4" \
	    -max_total_time="$3" -max_len=140000 -print_final_stats=0 \
	    "$out/$name.corpus" "$out/seeds/$name" &&
	    : >"$out/$name.ok"; } >"$out/$name.log" 2>&1 </dev/null
	exit 0' sh "$out" NAME "$seconds" "${FUZZ_SEED:-0}"

# lines_of TARGET FILE: "HIT LINES", by what it has run
lines_of() {
	llvm-cov report "$out/$1" -instr-profile="$out/$1.profdata" \
	    "$top/$2" | awk '
	$1 == "TOTAL" { hit = $8 - $9; lines = $8 }
	END { print hit + 0, lines + 0 }'
}

status=0
for name in "$@"; do
	if [ ! -e "$out/$name.ok" ]; then
		tail -n 60 "$out/$name.log"
		echo "$name: FAILED, see $out/$name.log"
		status=1
		continue
	fi
	echo "$name: nothing found in $seconds s; its seeds reach"
	llvm-profdata merge -o "$out/$name.profdata" "$out/$name.profraw"
	files=$(own_files "$name")
	[ -n "$files" ] || { echo "    nothing: it names none"; status=1; }
	for file in $files; do
		lines=$(lines_of "$name" "$file")
		late=
		# shellcheck disable=SC2086 # two numbers
		is_enough $lines || { late=", too little"; status=1; }
		echo "$lines" | awk -v file="$file" -v late="$late" '
		{ printf "    %-38s %3d %% of %d lines%s\n", file,
		    ($2 > 0) ? int(100 * $1 / $2) : 0, $2, late }'
	done
done
exit $status
