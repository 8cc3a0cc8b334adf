#!/bin/sh
# usage: run.sh SECONDS [BUILD_DIRECTORY]
# Builds every fuzz target with clang and its sanitizers and runs each for so
# long; corpora and findings stay in BUILD_DIRECTORY/fuzz.
set -eu
seconds=${1:?usage: run.sh SECONDS [BUILD_DIRECTORY]}
top=$(cd "$(dirname "$0")/../.." && pwd)
build=${2:-$top/build/plain}	# a configured one: config.h
out=$build/fuzz
mkdir -p "$out"
packages="libcrypto sqlite3 jansson ini_config fcgi"
flags="-g -O1 -std=gnu11 -D_GNU_SOURCE -I$top -I$top/src -I$build
    -DSYSCONFDIR=\"/etc\" -DLOCALSTATEDIR=\"/var\"
    -fsanitize=address,undefined -fno-sanitize-recover=undefined"

# Once for all targets; each takes from the library what it needs.
mkdir -p "$out/objects"
rm -f "$out"/objects/*.o "$out/libfuzzed.a"
# An object is named by the place of its file: folders may share names.
# shellcheck disable=SC2016,SC2046,SC2086 # lists of words; for the inner sh
(cd "$top" && find src fcgi -name '*.c' ! -name main.c \
    ! -path 'src/admin/*' ! -path 'src/transport/*') |
    (cd "$out/objects" && xargs -P 2 -I FILE sh -c '
	top=$1 file=$2; shift 2
	exec clang -c "$@" -o "$(echo "$file" | tr / -).o" "$top/$file"' \
    sh "$top" FILE $flags -fsanitize=fuzzer-no-link \
    $(pkg-config --cflags $packages))
ar rcs "$out/libfuzzed.a" "$out"/objects/*.o
for source in "$top"/tests/fuzz/fuzz_*.c; do
	name=$(basename "$source" .c)
	# shellcheck disable=SC2046,SC2086
	clang $flags -fsanitize=fuzzer -o "$out/$name" "$source" \
	    "$out/libfuzzed.a" $(pkg-config --libs $packages)
	mkdir -p "$out/$name.corpus"
	"$out/$name" -max_total_time="$seconds" -max_len=4096 \
	    -rss_limit_mb=1024 -print_final_stats=0 -verbosity=0 \
	    -artifact_prefix="$out/$name." "$out/$name.corpus"
	echo "$name: nothing found in $seconds s"
done
