#include "config.h"

#include "state/status_change.h"

#include <string.h>

int
status_change_copy(struct status_change *to, const struct status_change *from)
{
	*to = *from;
	return status_session_copy(&to->row, &from->row);
}

void
status_change_clear(struct status_change *change)
{
	status_session_clear(&change->row);
}

/* Is the row of a lookup begun after that of the change? */
static int
is_later(const struct status_session *row, const struct status_session *change)
{
	return moment_is_later(&row->started, &change->started);
}

static int
put(const struct status_change *change, struct status_session *row)
{
	status_session_clear(row);
	return status_session_copy(row, &change->row) == 0 ? 1 : -1;
}

static int
end(const struct status_change *change, struct status_session *row)
{
	status_session_clear(row);
	row->started = change->row.started;
	return 1;
}

static int
doubt(const struct status_change *change, struct status_session *row)
{
	/* of another boot it serves nobody as it is */
	if (strcmp(row->started.boot_id, change->row.started.boot_id) != 0)
		return 0;
	/* what is not live is so as of then: what began in between serves
	 * nobody either */
	row->is_doubted = row->is_live;
	row->started = change->row.started;
	return 1;
}

int
status_change_apply(const struct status_change *change, int found,
    struct status_session *row)
{
	if (found && is_later(row, &change->row))
		return 0;
	if (change->what == STATUS_CHANGE_PUT)
		return put(change, row);
	if (!found)
		return 0;
	return change->what == STATUS_CHANGE_END ? end(change, row) :
	    doubt(change, row);
}

static void
take_over(struct status_change *first, const struct status_change *change)
{
	first->what = change->what;
	first->row.started = change->row.started;
}

/* What is to be done to a row that may be there: the later of both, and of an
 * end and a doubt the end, as of the later one. */
static int
follow_conditional(struct status_change *first,
    const struct status_change *change)
{
	struct status_change copy;

	if (change->what == STATUS_CHANGE_PUT) {
		if (is_later(&first->row, &change->row))
			return 0;
		if (status_change_copy(&copy, change) == -1)
			return -1;
		*first = copy;
		return 0;
	}
	if (first->what == STATUS_CHANGE_END &&
	    change->what == STATUS_CHANGE_DOUBT) {
		if (!is_later(&first->row, &change->row))
			first->row.started = change->row.started;
		return 0;
	}
	if (is_later(&first->row, &change->row))
		first->what = change->what;
	else
		take_over(first, change);
	return 0;
}

int
status_change_follow(struct status_change *first,
    const struct status_change *change)
{
	struct status_session row;

	if (first->what != STATUS_CHANGE_PUT)
		return follow_conditional(first, change);
	if (status_session_copy(&row, &first->row) == -1)
		return -1;
	if (status_change_apply(change, 1, &row) == -1)
		return -1;
	status_session_clear(&first->row);
	first->row = row;
	return 0;
}

void
status_change_insist(struct status_change *change)
{
	/* its row is the stamp of one that is not live */
	if (change->what == STATUS_CHANGE_END)
		change->what = STATUS_CHANGE_PUT;
}
