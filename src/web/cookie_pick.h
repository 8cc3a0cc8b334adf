#ifndef COOKIE_PICK_H_
#define COOKIE_PICK_H_

#include <stddef.h>

/*
 * A Cookie header in three: what may be a credential of Authgear's, the marker
 * of a login, and what is left for applications.  For a web server's process,
 * which knows no cookie_prefix: the daemon, which does, reads no other cookie
 * than these.  Needs no library.  No state: any thread.
 */

/* The caller's buffers: each holds COOKIE_PICK_SIZE(bytes of the header). */
#define COOKIE_PICK_SIZE(len) (2 * (len) + 1)
struct cookie_pick {
	char *ours;	/* "name=value; name=value", as they were sent, in their
			   order */
	size_t ours_len;
	char *markers;	/* likewise (login_marker.h) */
	size_t markers_len;
	char *rest;	/* the header without `ours` */
	size_t rest_len;
};

/*
 * - Ours: the name ends in one of Authgear's three and the value has a shape
 *   that it may have (facts/shape.h), in double quotes or not.
 * - The rest, where nothing is cut out, is the header byte for byte.  Else the
 *   separators around what was cut go too, and so do empty pieces and blanks
 *   behind a value: strict parsers lose all that stands behind one.
 */
void cookie_pick(const char *header, struct cookie_pick *pick);

#endif /* !COOKIE_PICK_H_ */
