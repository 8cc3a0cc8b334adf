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

static size_t
words_bytes(const struct word_list *list)
{
	size_t bytes = 0, i;

	for (i = 0; i < list->count; i++)
		bytes += sizeof(list->words[i]) + strlen(list->words[i]) + 16;
	return bytes;
}

size_t
status_change_bytes(const struct status_change *change)
{
	const struct facts *facts = &change->row.facts;

	return words_bytes(&facts->roles) + words_bytes(&facts->amr) +
	    (facts->user_id != NULL ? strlen(facts->user_id) : 0);
}

/* When the last was said of the row: its lookup's begin, or a doubt since. */
static struct moment
stamp_of(const struct status_session *row)
{
	struct moment stamp = row->started;

	if (row->doubted_at > stamp.boottime)
		stamp.boottime = row->doubted_at;
	return stamp;
}

int64_t
status_change_at(const struct status_change *change)
{
	return stamp_of(&change->row).boottime;
}

/* Was what the row says, doubted or not, said of a lookup begun after that? */
static int
is_later(const struct status_session *row, const struct moment *at)
{
	return moment_is_later(&row->started, at);
}

/* One that is not live: it is so as of then, if that is later. */
static void
put_off(struct status_session *row, const struct moment *at)
{
	if (!moment_is_later(at, &row->started))
		return;
	row->started = *at;
	if (row->doubted_at != 0)
		row->doubted_at = at->boottime;
}

/* Are these two doubts, or one and the same fault of Authgear's? */
static int
are_apart(const struct moment *at, const struct moment *other)
{
	return at->boottime - other->boottime >= STATUS_APART_MS ||
	    other->boottime - at->boottime >= STATUS_APART_MS;
}

/* It is not live as it was, whatever it is now. */
static int
drop(const struct moment *at, struct status_session *row)
{
	status_session_clear(row);
	row->started = *at;
	row->doubted_at = at->boottime;
	return 1;
}

static int
doubt(const struct moment *at, struct status_session *row)
{
	const struct moment stamp = stamp_of(row);
	const int is_earlier = moment_is_later(&stamp, at);

	/* of another boot it serves nobody as it is */
	if (strcmp(row->started.boot_id, at->boot_id) != 0 ||
	    moment_is_later(&row->started, at))
		return 0;
	/* one may be overlooked, in an outage */
	if (row->is_live && row->doubted_at != 0 && are_apart(&stamp, at))
		return drop(is_earlier ? &stamp : at, row);
	if (is_earlier)
		return 0;
	/* what is not live is so as of then: what began in between serves
	 * nobody either */
	if (row->is_live)
		row->doubted_at = at->boottime;
	else
		put_off(row, at);
	return 1;
}

/* Whichever of both is later stands, and of both the later doubt. */
static int
put_live(const struct status_session *live, int found,
    struct status_session *row)
{
	const struct moment before = stamp_of(row), doubted = stamp_of(live);

	if (found && is_later(row, &live->started))
		return live->doubted_at != 0 && doubt(&doubted, row);
	status_session_clear(row);
	if (status_session_copy(row, live) == -1)
		return -1;
	if (moment_is_later(&before, &live->started))
		(void)doubt(&before, row);
	return 1;
}

/* What was live until then is not, whatever came of it since. */
static int
end(const struct status_session *stamps, int found,
    struct status_session *row)
{
	const struct moment before = stamp_of(row);

	if (found && is_later(row, &stamps->started))
		return 0;
	status_session_clear(row);
	row->started = stamps->started;
	row->doubted_at = stamps->doubted_at;
	put_off(row, &before);
	return 1;
}

int
status_change_apply(const struct status_change *change, int found,
    struct status_session *row)
{
	if (change->what == STATUS_CHANGE_PUT)
		return change->row.is_live ?
		    put_live(&change->row, found, row) :
		    end(&change->row, found, row);
	if (!found)
		return 0;
	return change->what == STATUS_CHANGE_END ?
	    end(&change->row, found, row) : doubt(&change->row.started, row);
}

/* A live answer behind an end or a doubt that waits. */
static int
follow_live(struct status_change *first, const struct status_change *change)
{
	const struct moment at = first->row.started;
	const struct moment stamp = stamp_of(&change->row);
	struct status_change copy;

	if (first->what == STATUS_CHANGE_END &&
	    is_later(&first->row, &change->row.started)) {
		put_off(&first->row, &stamp);
		return 0;
	}
	if (status_change_copy(&copy, change) == -1)
		return -1;
	if (first->what == STATUS_CHANGE_DOUBT &&
	    is_later(&first->row, &change->row.started))
		(void)doubt(&at, &copy.row);
	*first = copy;
	return 0;
}

/* Two of them make an end, but what it is now is to be asked for. */
static void
follow_doubt(struct status_change *first, const struct moment *at)
{
	if (first->what == STATUS_CHANGE_DOUBT &&
	    are_apart(&first->row.started, at)) {
		first->what = STATUS_CHANGE_END;
		first->row.doubted_at = first->row.started.boottime;
	}
	put_off(&first->row, at);
}

/* What is to be done to a row that may be there: of an end and a doubt the
 * end, as of the later one. */
static int
follow_conditional(struct status_change *first,
    const struct status_change *change)
{
	const struct moment at = first->row.started;

	if (change->what == STATUS_CHANGE_PUT && change->row.is_live)
		return follow_live(first, change);
	if (change->what == STATUS_CHANGE_DOUBT) {
		follow_doubt(first, &change->row.started);
		return 0;
	}
	if (first->what == STATUS_CHANGE_END &&
	    is_later(&first->row, &change->row.started))
		return 0;
	first->what = change->what;
	first->row.started = change->row.started;
	first->row.doubted_at = change->row.doubted_at;
	put_off(&first->row, &at);
	return 0;
}

int
status_change_follow(struct status_change *first,
    const struct status_change *change)
{
	struct status_session row;

	if (first->what != STATUS_CHANGE_PUT)
		return follow_conditional(first, change);
	/* what ends it takes no memory, and so is never lost for want of it */
	if (change->what != STATUS_CHANGE_PUT || !change->row.is_live) {
		(void)status_change_apply(change, 1, &first->row);
		return 0;
	}
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
