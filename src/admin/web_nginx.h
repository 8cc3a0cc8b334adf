#ifndef WEB_NGINX_H_
#define WEB_NGINX_H_

#include <stddef.h>

#include "ground/error.h"

/*
 * What `nginx -T` prints, as the tree of its directives; each include is
 * replaced by what it includes.  The text is untrusted.
 * No state: any thread.
 */

struct web_nginx {
	char **words;		/* the directive and its arguments */
	size_t count;		/* 0: the root */
	const char *file;	/* where it stands; borrowed from the text */
	int is_block;
	struct web_nginx *first;	/* of a block */
	struct web_nginx *last;
	struct web_nginx *next;
};

/*
 * The text is changed, and borrowed until web_nginx_free().  NULL and error:
 * it is not understood, all of it, or there is no memory.
 */
struct web_nginx *web_nginx_read(char *text, size_t len,
    struct error *error);
void web_nginx_free(struct web_nginx *node);

/* Whether there is a server block of http at all. */
int web_nginx_serves(const struct web_nginx *root);

/* Whether a location of its own takes each path that no other takes: then
 * nothing is answered by what stands in the server block alone. */
int web_nginx_takes_all(const struct web_nginx *server);

#endif /* !WEB_NGINX_H_ */
