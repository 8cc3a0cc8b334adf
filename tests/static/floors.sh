#!/bin/sh
# The floors of DESIGN.md, folder against folder: a file includes only what
# its folder may, a foreign library only where its one place is.
cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C

# From the ground up: a folder, and what it may include beside itself.
table='
src/ground
src/facts	src/ground
src/settings	src/ground src/facts
src/state	src/ground src/facts
src/state/write	src/ground src/facts src/state
src/gate	src/ground src/facts src/settings src/state
src/web	src/ground src/facts src/settings src/gate
src/transport	src/ground src/settings
src/face	src/ground src/facts src/settings src/gate src/transport
pam	src/ground src/facts src/face
src/admin	src/ground src/facts src/settings src/state src/state/write \
		src/gate src/web src/transport src/face pam
fcgi/layer	src/ground src/face
fcgi	src/ground src/facts src/settings src/gate src/web src/transport \
		src/face fcgi/layer
check	src/ground src/facts src/settings src/gate src/transport src/face fcgi
nginx	src/ground src/facts src/web src/face
'
table=$(printf '%s' "$table" | sed -e ':a' -e '/\\$/N; s/\\\n//; ta')
known=$(printf '%s\n' "$table" | awk '{ print $1 }')

# files FOLDER...: the C files right in these folders
files() {
	for folder; do
		ls "$folder"/*.[ch] 2>/dev/null
	done
}

# but FOLDER...: all folders of the table but these
but() {
	printf '%s\n' "$known" | while read -r folder; do
		case " $* " in
		*" $folder "*) ;;
		*) echo "$folder" ;;
		esac
	done
}

# Whatever folder holds C that is none of a test, a bench or a build.
unknown() {
	find . \( -path ./tests -o -path ./bench -o -path './build*' -o \
	    -path './authgear-gate-*' -o -path ./.git -o -path ./config.h -o \
	    -path ./nginx-headers \) -prune -o -name '*.[ch]' -print | sed -E 's|^\./||; s|/?[^/]*$||' |
	    sort -u | while read -r folder; do
		printf '%s\n' "$known" | grep -qxF "${folder:-.}" ||
		    echo "${folder:-.} is no folder of DESIGN.md"
	done
}

downwards() {
	printf '%s\n' "$table" | awk '
	    { for (i = 2; i <= NF; i++)
		if (!($i in above))
			print $1 " may include " $i ", which is not below it"
	      above[$1] = 1 }'
}

# Includes name the folder, which is one of src/ or the top.
upward() {
	# shellcheck disable=SC2046 # a list of words
	grep -HE '^#[ 	]*include[ 	]*"' $(files $known) |
	    sed -E 's/^([^:]*):[^"]*"([^"]*)".*/\1 \2/' | awk -v table="$table" '
	    BEGIN {
		n = split(table, line, "\n")
		for (i = 1; i <= n; i++) {
			m = split(line[i], word, /[ \t]+/)
			for (j = 1; j <= m; j++)
				may[word[1], word[j]] = 1
		}
	    }
	    function folder(path) {
		return sub(/\/[^\/]*$/, "", path) ? path : ""
	    }
	    $2 == "config.h" { next }
	    {
		from = folder($1)
		to = folder($2)
		if (!((from, to) in may) && !((from, "src/" to) in may))
			print $1 " includes " $2
	    }'
}

# foreign HEADERS ALLOWED: files that include them without being allowed to
foreign() {
	# shellcheck disable=SC2046
	grep -lE "^#[ 	]*include[ 	]*<$1" $(files $known) | grep -vxE "$2"
}

# calls PATTERN FOLDER...: where the code of these folders, not a comment,
# has them
calls() {
	pattern=$1
	shift
	# shellcheck disable=SC2046
	grep -nE "(^|[^a-zA-Z0-9_])($pattern)" $(files "$@") /dev/null |
	    grep -vE '^[^:]*:[0-9]*:[ 	]*/?\*'
}

n=0
holds() {
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
	fi
}

# What a folder says to the outside is a log, however it is written.
output='v?f?printf\(|v?dprintf\(|f?put(s|c|char|w)(_unlocked)?\(|fwrite\('
output="$output|perror\(|psig(nal|info)\(|v?syslog\(|openlog\("
output="$output|std(out|err) *[,;)]|write\((1|2|STD(OUT|ERR)_FILENO),"

# Lines of Makefile.am that name what is not theirs: the writer of trust.db is
# a library of its own, for authgear-cache and tests.
writers() {
	cat Makefile.am tests/tests.am |
	    sed -e ':a' -e '/\\$/N; s/\\\n//; ta' | awk '
	    /src\/state\/write\// && $1 != "write" &&
		$1 != "libwriter_la_SOURCES" ||
	    /\$\(write[:)]/ && $1 != "libwriter_la_SOURCES" ||
	    /libwriter\.la/ && $1 != "noinst_LTLIBRARIES" &&
		$1 != "authgear_cache_LDADD" && $1 != "LDADD" { print $1 }'
}

# What they are made of, as it was built: nothing of a file of write/.
build=${AUTHGEAR_BUILD:-build/plain}
built() {
	for file in "$build/.libs/libgate.a" "$build/authgear-fcgi"; do
		[ -e "$file" ] && echo "$file"
	done
}
written() {
	# shellcheck disable=SC2046
	for file in $(built); do
		nm "$file" | awk -v file="$file" -v stems="$(
		    ls src/state/write/*.c | sed 's|.*/||; s|\.c$||')" '
		    BEGIN { n = split(stems, stem, "\n") }
		    NF == 3 { for (i = 1; i <= n; i++)
			if ($3 == stem[i] || index($3, stem[i] "_") == 1)
				print file ": " $3 }'
	done
}

echo 1..18
holds "every folder with C in it is a floor" "$(unknown)"
holds "the floors run downwards" "$(downwards)"
holds "no include upwards, and each names its folder" "$(upward)"
holds "openssl" "$(foreign 'openssl/' \
    'src/(ground/hash|facts/key(_[a-z]+)?|facts/certificates)\.[ch]|nginx/digest\.c')"
holds "jansson" "$(foreign 'jansson' 'src/ground/json(_parse)?\.c')"
holds "sqlite3" "$(foreign 'sqlite3' 'src/state/(write/)?[a-z_]*\.c')"
# what is NULL for want of memory must not be taken for an empty one
holds "texts and bytes of columns are read by sql_column alone" "$(
    calls 'sqlite3_column_(text|text16|blob)\(' src/state src/state/write |
    grep -v '^src/state/sql_column\.c:')"
holds "libini_config" \
    "$(foreign 'ini_config' 'src/settings/settings[a-z_]*\.c')"
holds "libcurl" "$(foreign 'curl/' 'src/transport/http(_setup|_attempt|_library)?\.[ch]')"
holds "libfcgi" "$(foreign 'fcgi' 'fcgi/layer/[a-z_]*\.c')"
holds "libpam" "$(foreign 'security/' 'pam/[a-z_]*\.[ch]')"
holds "nginx" "$(foreign 'ngx_' 'nginx/[a-z_]*\.[ch]')"
# shellcheck disable=SC2046
{
holds "only faces print or log" "$(
    calls "$output" $(but src/face src/admin fcgi check)
    foreign '(err|error|syslog)\.h' \
    '(src/face|src/admin|fcgi|check)/[a-z_]*\.[ch]|pam/[a-z_]*\.c')"
holds "only programs exit or read the environment" \
    "$(calls '_?exit\(|_Exit\(|quick_exit\(|(secure_)?getenv\(' \
    $(but src/admin fcgi check))"
holds "only src/face/become.c becomes another user" "$(
    calls 'set(res|re|e)?[ug]id\(|(set|init)groups\(' $(but) |
    grep -v '^src/face/become\.c:')"
holds "up to the web nothing asks the clock or the network" \
    "$(calls 'time\(|clock_gettime\(|gettimeofday\(|socket\(' \
    src/ground src/facts src/settings src/state src/state/write src/gate \
    src/web)"
}
holds "only authgear-cache is linked with the writer of trust.db" \
    "$(writers)"
if [ -n "$(built)" ]; then
	holds "the gate and the daemon hold nothing of it" "$(written)"
else
	n=$((n + 1))
	echo "ok $n - the gate and the daemon hold nothing of it" \
	    "# SKIP nothing built in $build"
fi
