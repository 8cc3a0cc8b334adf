#ifndef NGINX_KEEPING_H_
#define NGINX_KEEPING_H_

#include <ngx_config.h>
#include <ngx_core.h>

#include "face/answer.h"
#include "face/epoch.h"
#include "nginx/digest.h"

/*
 * Grants of the daemon that a worker keeps (authgear_cache).
 *
 * - By the credential's very bytes, the policy and the socket.
 * - For as long as the daemon says (X-Authgear-Keep), counted from before the
 *   question, by a clock that nobody can set.
 * - If the daemon names both pages as they were read (X-Authgear-Keep): what
 *   another daemon grants, or one of another state, is nothing to keep by them.
 * - While both pages (face/epoch.h) say what they said before the question:
 *   both are read for each request, and where one does not count nothing is
 *   kept and nothing served.
 * - In this worker's memory alone, from its first request to its end.
 *
 * Threads: nginx has none here.
 */

#define KEEPING_USUAL (16 * 1024 * 1024)	/* bytes, by default */
#define KEEPING_LEAST (64 * 1024)
#define KEEPING_MOST (1024 * 1024 * 1024)

struct keeping;

struct keeping_conf {
	ngx_str_t root;		/* directory of the page of root, with a NUL */
	ngx_str_t daemon;	/* that of the daemon's, likewise */
	size_t max;		/* bytes */
};

/* What a grant depends on. */
struct keeping_question {
	const ngx_str_t *policy;
	const ngx_str_t *socket;
	ngx_str_t authorization;
	ngx_str_t cookies;
};

/* What is noted before the question. */
struct keeping_note {
	unsigned char key[DIGEST_SIZE];
	uint64_t turn;		/* it counts while the pages are as they were */
	unsigned char pages[2][EPOCH_SIZE];	/* root's, the daemon's */
	int64_t at;		/* CLOCK_BOOTTIME, milliseconds */
};

/* NULL: out of memory. */
struct keeping *keeping_new(ngx_pool_t *pool,
    const struct keeping_conf *conf);
const struct keeping_conf *keeping_conf(const struct keeping *keeping);

/* Before each question; 1 if its answer may be a kept one, and may be kept. */
int keeping_note(struct keeping *keeping,
    const struct keeping_question *question, struct keeping_note *note_out);

/* Right after keeping_note(): the fields of the grant, name and value, each
 * with its NUL; NULL: none is kept.  Until the next call. */
const char *keeping_find(struct keeping *keeping,
    const struct keeping_note *note, size_t *len_out);

/* A grant; 1 if it is of whoever asks the same by a note of the same turn,
 * whether there was room to keep it or not. */
int keeping_put(struct keeping *keeping, const struct keeping_note *note,
    const struct answer *answer);

/* Where questions that are on their way are found again by their notes. */
ngx_queue_t *keeping_flying(struct keeping *keeping,
    const struct keeping_note *note);

#endif /* !NGINX_KEEPING_H_ */
