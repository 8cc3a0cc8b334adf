#ifndef SESSION_ROW_H_
#define SESSION_ROW_H_

#include <stdint.h>
#include <stdio.h>

#include "facts/facts.h"
#include "ground/json.h"
#include "ground/moment.h"
#include "state/status_list.h"

/*
 * A session as it is listed: from a row of status.db, as a line from child to
 * parent, for people and as JSON.
 */

#define SESSION_ROW_DIGITS 16

struct session_row {
	char digits[SESSION_ROW_DIGITS + 1]; /* of its SHA-256, as the log
				   tells it */
	enum credential_kind kind;
	int is_live;		/* the last completed answer */
	int is_doubted;		/* and one that is to be asked again */
	char *user;		/* owned; NULL: not live */
	enum fact is_anonymous;
	enum fact is_verified;
	int64_t authenticated;	/* Unix seconds, as all; -1: not told */
	int64_t looked_up;	/* when Authgear was asked; -1: before the last
				   boot */
	/* its place among the others */
	int64_t boot;
	int64_t started;
	int64_t id;
};

void session_row_clear(struct session_row *row);

/* 0, or -1: memory. */
int session_row_take(struct session_row *row,
    const struct status_list_row *from, const struct moment *now);

/* "live", "not-live", "doubted". */
const char *session_row_state(const struct session_row *row);

/* One line of it, and what such a line says: 0, -1: memory, or it is none
 * (errno tells nothing of it; *row is empty). */
void session_row_write(FILE *out, const struct session_row *row);
int session_row_read(struct session_row *row, const struct json *line);

/* On stdout. */
void session_row_table(const struct session_row *row, int is_first);

#endif /* !SESSION_ROW_H_ */
