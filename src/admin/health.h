#ifndef HEALTH_H_
#define HEALTH_H_

#include <stdint.h>

#include "ground/error.h"
#include "ground/moment.h"
#include "settings/settings.h"
#include "state/database_holder.h"
#include "state/write/trust_list.h"

/* What `status` tells. */

#define HEALTH_USERS 16

/* A file and its log, in bytes; -1: it is not there. */
struct health_file {
	int64_t size;
	int64_t log;
};

/* What the child tells of status.db. */
struct health_daemon {
	int is_told;		/* it was, of all that follows */
	int64_t schema;
	int64_t sessions;
	int64_t newest;		/* milliseconds since the last lookup; -1 */
	int64_t helpers;	/* lookups of authgear-check under way */
	int64_t failures;	/* of the resolver, in a row */
	int64_t back_off;	/* milliseconds for which it is not asked */
	int is_fault;		/* what answers there is not the resolver */
	int has_keys;
	int64_t keys_serving;
	int64_t keys_left_out;
	int64_t keys_fetched;	/* Unix seconds */
	int64_t keys_due;
};

struct health {
	const struct settings *settings;	/* borrowed */
	struct moment now;
	int64_t free, total;		/* bytes of the file system; -1 */
	int64_t free_files;		/* -1: it does not count them */
	struct health_file trust_file, status_file;
	struct trust_list_counts trust;
	struct error trust_error;	/* "": they were read */
	struct health_daemon daemon;
	struct error status_error;
	struct database_user users[HEALTH_USERS];	/* of status.db */
	size_t user_count;
	char trust_holder[64], status_holder[64]; /* who is in the way of
					   others; "": nobody */
};

/* Of now.  What cannot be read is told in it. */
void health_look(struct health *health, const struct settings *settings,
    const struct moment *now);

/* 1 if all of it could be read. */
int health_is_whole(const struct health *health);


#endif /* !HEALTH_H_ */
