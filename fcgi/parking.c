#include "config.h"

#include "fcgi/parking.h"

void
parking_put(struct parking *parking, struct parked *parked)
{
	parked->next = NULL;
	if (parking->last != NULL)
		parking->last->next = parked;
	else
		parking->first = parked;
	parking->last = parked;
}

struct parked *
parking_take(struct parking *parking)
{
	struct parked *parked = parking->first;

	if (parked == NULL)
		return NULL;
	parking->first = parked->next;
	if (parking->first == NULL)
		parking->last = NULL;
	parked->next = NULL;
	return parked;
}

void
parking_remove(struct parking *parking, struct parked *parked)
{
	struct parked *before = NULL, *at;

	for (at = parking->first; at != NULL && at != parked; at = at->next)
		before = at;
	if (at == NULL)
		return;
	if (before != NULL)
		before->next = at->next;
	else
		parking->first = at->next;
	if (parking->last == at)
		parking->last = before;
	at->next = NULL;
}

void
parking_move(struct parking *to, struct parking *from)
{
	if (from->first == NULL)
		return;
	if (to->last != NULL)
		to->last->next = from->first;
	else
		to->first = from->first;
	to->last = from->last;
	from->first = NULL;
	from->last = NULL;
}

int64_t
parking_due(const struct parking *parking)
{
	const struct parked *parked;
	int64_t due = INT64_MAX;

	for (parked = parking->first; parked != NULL; parked = parked->next) {
		if (parked->due < due)
			due = parked->due;
	}
	return due;
}
