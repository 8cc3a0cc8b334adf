#!/bin/sh
# The options of pam_authgear.so are those of its manual page, in its order.
cd "$(dirname "$0")/../.." || exit 1
code=$(sed -n '/^static const struct pam_option rows/,/^};/p' pam/pam_options.c |
    sed -n 's/^	{ "\([a-z_]*\)".*/\1/p')
page=$(sed -n '/^The options are:/,/^\.El/p' man/pam_authgear.8 |
    sed -n 's/^\.It Cm \([a-z_]*\).*/\1/p')
echo 1..1
if [ -n "$code" ] && [ "$code" = "$page" ]; then
	echo "ok 1 - the module's options and its manual page agree"
else
	echo "not ok 1 - the module's options and its manual page agree"
	printf '# code: %s\n# page: %s\n' "$(echo $code)" "$(echo $page)"
fi
