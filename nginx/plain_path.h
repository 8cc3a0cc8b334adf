#ifndef PLAIN_PATH_H_
#define PLAIN_PATH_H_

#include <stddef.h>

/*
 * Paths of URLs, as authgear_path and Destination mean them.  Built without
 * nginx.  No state: any thread.
 */

/*
 * 1 if the path is the prefix, or below it.
 * What differs in what applications make of it is the same: upper and lower
 * case of ASCII, runs of slashes, and whatever follows the prefix but a letter,
 * a digit, "_" or a byte above 0x7f: /admin has /admin/users, /ADMIN, //admin,
 * /admin.json and /admin;x, not /administrators.
 */
int plain_path_is_below(const unsigned char *path, size_t len,
    const unsigned char *prefix, size_t prefix_len);

/* 1 if no path tells one prefix from the other. */
int plain_path_is_same(const unsigned char *prefix, size_t len,
    const unsigned char *other, size_t other_len);

/*
 * The path of a Destination header (RFC 4918 section 10.3: a URI, or an
 * absolute path), percent-decoded once, without its query, with one slash for
 * many and without "/./".
 * `out` holds len + 1 bytes.  Its length; 0: it has none, or has "..", a
 * control byte or what is no escape.
 */
size_t plain_path_destination(const unsigned char *text, size_t len,
    unsigned char *out);

#endif /* !PLAIN_PATH_H_ */
