#!/bin/sh
# The options of pam_authgear.so, and the directives of the nginx module, are
# those of their manual pages.
cd "$(dirname "$0")/../.." || exit 1
code=$(sed -n '/^static const struct pam_option rows/,/^};/p' pam/pam_options.c |
    sed -n 's/^	{ "\([a-z_]*\)".*/\1/p')
page=$(sed -n '/^The options are:/,/^\.El/p' man/pam_authgear.8 |
    sed -n 's/^\.It Cm \([a-z_]*\).*/\1/p')
echo 1..2
if [ -n "$code" ] && [ "$code" = "$page" ]; then
	echo "ok 1 - the module's options and its manual page agree"
else
	echo "not ok 1 - the module's options and its manual page agree"
	printf '# code: %s\n# page: %s\n' "$(echo $code)" "$(echo $page)"
fi
code=$(sed -n 's/^	{ ngx_string("\([a-z_]*\)").*/\1/p' \
    nginx/ngx_http_authgear_module.c | sort)
# An item that is longer than a line begins with .It Xo.
page=$(awk '/^\.It Ic authgear/ { print $3 } xo { print $2 }
    { xo = /^\.It Xo/ }' man/authgear-nginx.5 | sort)
if [ -n "$code" ] && [ "$code" = "$page" ]; then
	echo "ok 2 - the directives of the nginx module and its page agree"
else
	echo "not ok 2 - the directives of the nginx module and its page agree"
	printf '# code: %s\n# page: %s\n' "$(echo $code)" "$(echo $page)"
fi
