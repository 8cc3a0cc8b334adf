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

/* The same by the letter: byte for byte but for runs of slashes, and then the
 * end or a slash: /admin has /admin//users, not /ADMIN and /admin.json. */
int plain_path_is_right_below(const unsigned char *path, size_t len,
    const unsigned char *prefix, size_t prefix_len);

/* 1 if the prefix is below the path, segment by segment, and not the path: what
 * is done to all of the path is done to it too. */
int plain_path_is_inside(const unsigned char *prefix, size_t prefix_len,
    const unsigned char *path, size_t len);

/*
 * A path as something behind may read it; `out` holds len bytes; the length.
 * In each, dots are resolved and one slash stands for many.
 */
enum plain_path_reading {
	PLAIN_PATH_AS_IT_IS = 0,
	PLAIN_PATH_CUT,		/* ";..." cut from each segment */
	PLAIN_PATH_SLASHED,	/* a backslash is a slash */
	PLAIN_PATH_CUT_SLASHED,	/* first the cut, then the slash */
	PLAIN_PATH_SLASHED_CUT,	/* the other way round */
	PLAIN_PATH_READINGS
};
size_t plain_path_read(const unsigned char *path, size_t len,
    enum plain_path_reading reading, unsigned char *out);

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
