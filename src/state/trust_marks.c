#include "state/trust_marks.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_STEP_MS 2
#define DIGITS 8		/* of a lineage, as it is told */
#define ADVICE "if it is to be believed as it is, run 'authgear-cache " \
	"accept'; else put the newer one back"

struct trust_marks {
	pthread_mutex_t lock;
	struct notices *notices;
	struct trust_lineage *list;	/* the last one is that of today */
	size_t count;
	uint64_t turn;			/* one more with each change */
	uint64_t written;		/* the turn that is written down */
	int is_failing;			/* and that was said */
	void (*wake)(void *context);	/* NULL: nobody writes them */
	void *context;
};

struct trust_marks *
trust_marks_new(struct notices *notices)
{
	struct trust_marks *marks = calloc(1, sizeof(*marks));

	if (marks == NULL)
		return NULL;
	marks->notices = notices;
	if (pthread_mutex_init(&marks->lock, NULL) == 0)
		return marks;
	free(marks);
	return NULL;
}

void
trust_marks_free(struct trust_marks *marks)
{
	if (marks == NULL)
		return;
	(void)pthread_mutex_destroy(&marks->lock);
	free(marks->list);
	free(marks);
}

static struct trust_lineage *
find(const struct trust_marks *marks, const unsigned char *id)
{
	size_t i;

	for (i = 0; i < marks->count; i++)
		if (memcmp(marks->list[i].id, id, TRUST_LINEAGE_SIZE) == 0)
			return &marks->list[i];
	return NULL;
}

static void
print_id(const unsigned char *id, char text[2 * DIGITS + 1])
{
	size_t i;

	for (i = 0; i < DIGITS; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", id[i]);
}

static int
is_same_tag(const struct trust_lineage *a, const struct trust_lineage *b)
{
	return memcmp(a->tag, b->tag, TRUST_TAG_SIZE) == 0;
}

/* Of the lineage of today: 0, 1 as trust_marks_judge(), or -1. */
static int
judge_change(const struct trust_lineage *last,
    const struct trust_lineage *lineage, const struct trust_lineage *then,
    const char *path, struct error *error)
{
	if (lineage->number < last->number) {
		error_set(error, "%s went back: it is at change %lld, and %lld "
		    "was seen here: " ADVICE, path, (long long)lineage->number,
		    (long long)last->number);
		return -1;
	}
	if (lineage->number == last->number)
		then = lineage;
	else if (then != NULL && then->number != last->number)
		return 1;
	if (then == NULL || is_same_tag(then, last))
		return 0;
	error_set(error, "%s went back: its change %lld is not the one that "
	    "was seen here: " ADVICE, path, (long long)last->number);
	return -1;
}

static int
judge(const struct trust_marks *marks, const struct trust_lineage *lineage,
    const struct trust_lineage *then, const char *path, struct error *error)
{
	const struct trust_lineage *last, *found;
	char id[2 * DIGITS + 1];

	if (marks->count == 0)
		return 0;
	last = &marks->list[marks->count - 1];
	if (lineage == NULL) {
		error_set(error, "%s went back: it is of an earlier release "
		    "and change %lld of a later one was seen here: " ADVICE,
		    path, (long long)last->number);
		return -1;
	}
	found = find(marks, lineage->id);
	if (found == NULL)
		return 0;
	if (found == last)
		return judge_change(last, lineage, then, path, error);
	print_id(last->id, id);
	error_set(error, "%s went back: it is a copy from before lineage %s, "
	    "which was seen here: " ADVICE, path, id);
	return -1;
}

int
trust_marks_judge(struct trust_marks *marks,
    const struct trust_lineage *lineage, const struct trust_lineage *then,
    const char *path, struct error *error)
{
	int ret;

	(void)pthread_mutex_lock(&marks->lock);
	ret = judge(marks, lineage, then, path, error);
	(void)pthread_mutex_unlock(&marks->lock);
	return ret;
}

int
trust_marks_last(struct trust_marks *marks, struct trust_lineage *last_out)
{
	int found;

	(void)pthread_mutex_lock(&marks->lock);
	found = marks->count > 0;
	if (found)
		*last_out = marks->list[marks->count - 1];
	(void)pthread_mutex_unlock(&marks->lock);
	return found;
}

static int
append(struct trust_marks *marks, const struct trust_lineage *lineage)
{
	struct trust_lineage *list;

	list = realloc(marks->list, (marks->count + 1) * sizeof(*list));
	if (list == NULL)
		return -1;
	list[marks->count++] = *lineage;
	marks->list = list;
	return 0;
}

/* *turn_out: the one that has it written; 0 if nothing is new. */
static int
hold(struct trust_marks *marks, const struct trust_lineage *lineage,
    const char *path, uint64_t *turn_out)
{
	struct trust_lineage *found = find(marks, lineage->id);
	char id[2 * DIGITS + 1];

	*turn_out = 0;
	if (found != NULL && found->number >= lineage->number) {
		/* held by another thread, which may wait for it still */
		*turn_out = marks->written < marks->turn ? marks->turn : 0;
		return 0;
	}
	if (found != NULL) {
		*found = *lineage;
	} else if (append(marks, lineage) == -1) {
		return -1;
	} else {
		print_id(lineage->id, id);
		notices_add(marks->notices, NOTICE_INFO, "%s is of lineage "
		    "%s, not seen before, at change %lld", path, id,
		    (long long)lineage->number);
	}
	*turn_out = ++marks->turn;
	if (marks->wake != NULL)
		marks->wake(marks->context);
	return 0;
}

int
trust_marks_see(struct trust_marks *marks,
    const struct trust_lineage *lineage, const char *path)
{
	static const struct timespec pause = { 0, WAIT_STEP_MS * 1000000L };
	uint64_t turn;
	int waited, ret, is_over;

	(void)pthread_mutex_lock(&marks->lock);
	ret = hold(marks, lineage, path, &turn);
	if (ret == 0 && turn != 0 && marks->wake == NULL)
		ret = 1;
	is_over = ret != 0 || turn == 0;
	(void)pthread_mutex_unlock(&marks->lock);
	for (waited = 0; !is_over && waited < TRUST_MARKS_WAIT_MS;
	    waited += WAIT_STEP_MS) {
		(void)nanosleep(&pause, NULL);
		(void)pthread_mutex_lock(&marks->lock);
		is_over = marks->written >= turn || marks->is_failing;
		(void)pthread_mutex_unlock(&marks->lock);
	}
	return ret;
}

int
trust_marks_merge(struct trust_marks *marks,
    const struct trust_lineage *list, size_t count)
{
	struct trust_lineage *found;
	size_t i;
	int ret = 0;

	(void)pthread_mutex_lock(&marks->lock);
	for (i = 0; ret == 0 && i < count; i++) {
		found = find(marks, list[i].id);
		if (found == NULL)
			ret = append(marks, &list[i]);
		else if (found->number < list[i].number)
			*found = list[i];
	}
	(void)pthread_mutex_unlock(&marks->lock);
	return ret;
}

void
trust_marks_serve(struct trust_marks *marks, void (*wake)(void *context),
    void *context)
{
	(void)pthread_mutex_lock(&marks->lock);
	marks->wake = wake;
	marks->context = context;
	if (wake != NULL && marks->written < marks->turn)
		wake(context);
	(void)pthread_mutex_unlock(&marks->lock);
}

int
trust_marks_unwritten(struct trust_marks *marks, int always,
    struct trust_lineage **list_out, size_t *count_out, uint64_t *turn_out)
{
	struct trust_lineage *list = NULL;
	int ret = 0;

	*list_out = NULL;
	*count_out = 0;
	(void)pthread_mutex_lock(&marks->lock);
	*turn_out = marks->turn;
	if (marks->count > 0 && (always || marks->written < marks->turn)) {
		ret = -1;
		list = malloc(marks->count * sizeof(*list));
	}
	if (list != NULL) {
		memcpy(list, marks->list, marks->count * sizeof(*list));
		*list_out = list;
		*count_out = marks->count;
		ret = 1;
	}
	(void)pthread_mutex_unlock(&marks->lock);
	return ret;
}

void
trust_marks_written(struct trust_marks *marks, uint64_t turn)
{
	(void)pthread_mutex_lock(&marks->lock);
	if (turn > marks->written)
		marks->written = turn;
	if (marks->is_failing)
		notices_add(marks->notices, NOTICE_INFO, "how far trust.db "
		    "was seen is written down again");
	marks->is_failing = 0;
	(void)pthread_mutex_unlock(&marks->lock);
}

void
trust_marks_failed(struct trust_marks *marks, const char *why)
{
	(void)pthread_mutex_lock(&marks->lock);
	if (!marks->is_failing)
		notices_add(marks->notices, NOTICE_WARNING, "how far trust.db "
		    "was seen cannot be written down, and is held by this "
		    "process until it can be: %s", why);
	marks->is_failing = 1;
	(void)pthread_mutex_unlock(&marks->lock);
}
