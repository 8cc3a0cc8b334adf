#include "state/trust_shared.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "state/trust_place.h"

struct trust_shared {
	struct notices *notices;
	struct trust_marks *marks;
	pthread_mutex_t lock;
	int is_attended;
	int has_group;			/* what is said of it is known */
	gid_t group;
	gid_t wanted;			/* which one to look at next */
	struct error group_refusal;	/* empty: it may be */
	struct database_identity damaged;
	struct error damage;
	_Atomic int is_damaged;		/* so that the lock is rarely taken */
	_Atomic int is_refused;		/* and that was said */
	int64_t refused_at;		/* boottime: when it was said last */
};

#define REFUSED_PERIOD_MS 60000

struct trust_shared *
trust_shared_new(void)
{
	struct trust_shared *shared = calloc(1, sizeof(*shared));

	if (shared == NULL)
		return NULL;
	if (pthread_mutex_init(&shared->lock, NULL) != 0) {
		free(shared);
		return NULL;
	}
	shared->notices = notices_new();
	if (shared->notices != NULL)
		shared->marks = trust_marks_new(shared->notices);
	if (shared->marks != NULL)
		return shared;
	trust_shared_free(shared);
	return NULL;
}

void
trust_shared_free(struct trust_shared *shared)
{
	if (shared == NULL)
		return;
	trust_marks_free(shared->marks);
	notices_free(shared->notices);
	(void)pthread_mutex_destroy(&shared->lock);
	free(shared);
}

struct notices *
trust_shared_notices(struct trust_shared *shared)
{
	return shared->notices;
}

struct trust_marks *
trust_shared_marks(struct trust_shared *shared)
{
	return shared->marks;
}

static void
look_up(struct trust_shared *shared, gid_t group)
{
	const uid_t caller = geteuid();
	struct error refusal = { "" };

	(void)trust_place_group(group, caller == 0 ? (uid_t)-1 : caller,
	    &refusal);
	(void)pthread_mutex_lock(&shared->lock);
	shared->has_group = 1;
	shared->group = group;
	shared->wanted = group;
	shared->group_refusal = refusal;
	(void)pthread_mutex_unlock(&shared->lock);
}

int
trust_shared_group(struct trust_shared *shared, gid_t group,
    struct error *error)
{
	struct error refusal = { "" };
	int must_look;

	(void)pthread_mutex_lock(&shared->lock);
	must_look = !shared->has_group || !shared->is_attended;
	shared->wanted = group;
	(void)pthread_mutex_unlock(&shared->lock);
	if (must_look)
		look_up(shared, group);
	(void)pthread_mutex_lock(&shared->lock);
	if (shared->group == group)
		refusal = shared->group_refusal;
	(void)pthread_mutex_unlock(&shared->lock);
	if (refusal.text[0] == '\0')
		return 0;
	error_set(error, "%s", refusal.text);
	return -1;
}

void
trust_shared_attend(struct trust_shared *shared, int is_attended)
{
	(void)pthread_mutex_lock(&shared->lock);
	shared->is_attended = is_attended;
	(void)pthread_mutex_unlock(&shared->lock);
}

void
trust_shared_look_at_group(struct trust_shared *shared)
{
	gid_t wanted;
	int has_group;

	(void)pthread_mutex_lock(&shared->lock);
	wanted = shared->wanted;
	has_group = shared->has_group;
	(void)pthread_mutex_unlock(&shared->lock);
	if (has_group)
		look_up(shared, wanted);
}

void
trust_shared_refused(struct trust_shared *shared, const struct error *why,
    int64_t boottime)
{
	int64_t since;

	if (why == NULL && !atomic_load(&shared->is_refused))
		return;
	(void)pthread_mutex_lock(&shared->lock);
	since = boottime - shared->refused_at;
	if (why == NULL && atomic_load(&shared->is_refused)) {
		notices_add(shared->notices, NOTICE_INFO, "trust.db is read "
		    "and believed again");
		atomic_store(&shared->is_refused, 0);
	} else if (why != NULL && (shared->refused_at == 0 || since < 0 ||
	    since >= REFUSED_PERIOD_MS)) {
		notices_add(shared->notices, NOTICE_ERROR, "nothing is granted "
		    "(state-unreadable): %s", error_text(why));
		atomic_store(&shared->is_refused, 1);
		shared->refused_at = boottime;
	}
	(void)pthread_mutex_unlock(&shared->lock);
}

static int
is_damaged(const struct trust_shared *shared,
    const struct database_identity *file)
{
	return shared->damage.text[0] != '\0' &&
	    shared->damaged.device == file->device &&
	    shared->damaged.inode == file->inode;
}

int
trust_shared_whole(struct trust_shared *shared,
    const struct database_identity *file, struct error *error)
{
	int ret = 0;

	if (!atomic_load(&shared->is_damaged))
		return 0;
	(void)pthread_mutex_lock(&shared->lock);
	if (is_damaged(shared, file)) {
		error_set(error, "%s", shared->damage.text);
		ret = -1;
	}
	(void)pthread_mutex_unlock(&shared->lock);
	return ret;
}

void
trust_shared_judge_whole(struct trust_shared *shared,
    const struct database_identity *file, const struct error *damage)
{
	(void)pthread_mutex_lock(&shared->lock);
	shared->damaged = *file;
	error_clear(&shared->damage);
	if (damage != NULL)
		shared->damage = *damage;
	atomic_store(&shared->is_damaged, damage != NULL);
	(void)pthread_mutex_unlock(&shared->lock);
}
