#include "admin/list_sessions.h"

#include <stdlib.h>
#include <string.h>

#include "admin/child.h"
#include "admin/session_row.h"
#include "state/status_list.h"

/* The rows that are kept until all were looked at: the newest of them. */
struct kept {
	struct session_row *rows;
	size_t count, room;
};

/* In the child. */
struct search {
	const struct list_wish *wish;
	struct status_list *list;
	struct status_list_row *rows;
	struct kept kept;
	int64_t seen;
	FILE *out;
};

/* Of both; the child has its own. */
struct listing {
	const struct list_wish *wish;
	int64_t count;		/* printed */
};

static int
is_newer(const struct session_row *a, const struct session_row *b)
{
	if (a->boot != b->boot)
		return a->boot > b->boot;
	return a->started != b->started ? a->started > b->started :
	    a->id > b->id;
}

static int
compare(const void *a, const void *b)
{
	return is_newer(a, b) - is_newer(b, a);
}

static void
clear(struct kept *kept)
{
	while (kept->count > 0)
		session_row_clear(&kept->rows[--kept->count]);
	free(kept->rows);
}

/* The oldest go, so that no more than `limit` stay. */
static void
cut(struct kept *kept, size_t limit)
{
	size_t i, surplus;

	if (kept->count == 0)
		return;
	qsort(kept->rows, kept->count, sizeof(*kept->rows), compare);
	if (kept->count <= limit)
		return;
	surplus = kept->count - limit;
	for (i = 0; i < surplus; i++)
		session_row_clear(&kept->rows[i]);
	memmove(kept->rows, kept->rows + surplus,
	    limit * sizeof(*kept->rows));
	kept->count = limit;
}

static int
keep(struct kept *kept, const struct session_row *row, size_t limit)
{
	struct session_row *rows;
	size_t room;

	if (kept->count == kept->room && kept->count >= 2 * limit)
		cut(kept, limit);
	if (kept->count == kept->room) {
		room = kept->room == 0 ? 64 : 2 * kept->room;
		rows = reallocarray(kept->rows, room, sizeof(*rows));
		if (rows == NULL)
			return -1;
		kept->rows = rows;
		kept->room = room;
	}
	kept->rows[kept->count++] = *row;
	return 0;
}

static int
is_wanted(const struct list_wish *wish, const struct status_session *session)
{
	if (wish->is_live && (!session->is_live || session->doubted_at != 0))
		return 0;
	return wish->user == NULL || (session->facts.user_id != NULL &&
	    strcmp(session->facts.user_id, wish->user) == 0);
}

/* Those in the order in which they are told are told at once. */
static int
is_kept(const struct list_wish *wish)
{
	return wish->user != NULL || wish->limit > 0;
}

static size_t
limit_of(const struct list_wish *wish)
{
	return wish->limit > 0 ? (size_t)wish->limit : SIZE_MAX / 2;
}

static int
take_row(struct search *search, const struct status_list_row *from)
{
	const struct list_wish *wish = search->wish;
	struct session_row row;

	if (!is_wanted(wish, &from->session))
		return 0;
	if (session_row_take(&row, from, &wish->now) == -1)
		return -1;
	if (is_kept(wish)) {
		if (keep(&search->kept, &row, limit_of(wish)) == 0)
			return 0;
		session_row_clear(&row);
		return -1;
	}
	session_row_write(search->out, &row);
	session_row_clear(&row);
	return 0;
}

/* More of them: 1, 0 after the last, -1 and error. */
static int
look(struct search *search, struct error *error)
{
	const int count = status_list_next(search->list, search->rows, error);
	int i, ret = 0;

	if (count == -1)
		return -1;
	for (i = 0; i < count; i++) {
		if (ret == 0)
			ret = take_row(search, &search->rows[i]);
		status_session_clear(&search->rows[i].session);
	}
	if (ret == -1) {
		error_set(error, "out of memory");
		return -1;
	}
	search->seen += STATUS_LIST_ROWS;
	if (is_kept(search->wish))
		child_progress(search->out, search->seen);
	return !status_list_is_over(search->list);
}

/* By a user all rows are looked at, where they lie; by a limit alone the
 * newest. */
static enum status_list_order
order_of(const struct list_wish *wish)
{
	if (wish->user != NULL)
		return STATUS_LIST_ANYHOW;
	return wish->limit > 0 ? STATUS_LIST_NEWEST : STATUS_LIST_OLDEST;
}

static int
has_enough(const struct search *search)
{
	return search->wish->user == NULL && search->wish->limit > 0 &&
	    search->kept.count >= (size_t)search->wish->limit;
}

static int
search_all(void *context, FILE *out, struct error *error)
{
	const struct listing *listing = context;
	const struct list_wish *wish = listing->wish;
	struct search search = { .wish = wish, .out = out };
	int more = -1;
	size_t i;

	search.rows = calloc(STATUS_LIST_ROWS, sizeof(*search.rows));
	if (search.rows == NULL) {
		error_set(error, "out of memory");
		return -1;
	}
	search.list = status_list_open(wish->settings->state,
	    wish->settings->endpoint, order_of(wish), error);
	if (search.list != NULL)
		while ((more = look(&search, error)) == 1 &&
		    !has_enough(&search))
			;
	if (more != -1) {
		cut(&search.kept, limit_of(wish));
		for (i = 0; i < search.kept.count; i++)
			session_row_write(out, &search.kept.rows[i]);
	}
	status_list_free(search.list);
	clear(&search.kept);
	free(search.rows);
	return more == -1 ? -1 : 0;
}

static int
print_row(void *context, const struct json *line, struct error *error)
{
	struct listing *listing = context;
	const struct list_wish *wish = listing->wish;
	struct session_row row;

	if (session_row_read(&row, line) == -1 ||
	    (wish->limit > 0 && listing->count >= wish->limit)) {
		session_row_clear(&row);
		return child_lines_are_odd(error);
	}
	if (wish->json)
		session_row_write(stdout, &row);
	else
		session_row_table(&row, listing->count == 0);
	listing->count++;
	session_row_clear(&row);
	return 0;
}

int
list_sessions(const struct list_wish *wish, struct error *error)
{
	struct listing listing = { .wish = wish };
	const struct child child = {
		.state = wish->settings->state,
		.what = "sessions looked at",
		.context = &listing,
		.work = search_all,
		.take = print_row
	};

	if (child_run(&child, error) == -1)
		return -1;
	if (!wish->json && listing.count == 0)
		(void)fputs(is_kept(wish) || wish->is_live ?
		    "no such session is known here\n" :
		    "no session is known here\n", stdout);
	return 0;
}
