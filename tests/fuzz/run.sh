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
# shellcheck disable=SC2046,SC2086 # lists of words
ls "$top"/src/*.c "$top"/src/web/*.c "$top"/face/*.c "$top"/fcgi/*.c |
    grep -v '/main\.c$' | (cd "$out/objects" && xargs -P 2 -n 8 clang -c $flags \
    -fsanitize=fuzzer-no-link $(pkg-config --cflags $packages))
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
