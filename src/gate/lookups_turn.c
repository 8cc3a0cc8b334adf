#include "config.h"

#include "gate/lookups_turn.h"

int
lookups_turn_ahead(const struct lookups_turns *waiting,
    struct lookups_turn *turn, uint64_t *last_ticket)
{
	const struct lookups_turn *other;
	int count = 0;

	if (turn->ticket == 0)
		turn->ticket = ++*last_ticket;
	TAILQ_FOREACH(other, waiting, link)
		count += other->rank < turn->rank ||
		    (other->rank == turn->rank &&
		    other->ticket < turn->ticket);
	return count;
}

void
lookups_turn_queue(struct lookups_turns *waiting, struct lookups_turn *turn,
    int is_held_back, int is_near)
{
	turn->is_near = !is_held_back && is_near;
	if (is_held_back)
		return;
	turn->waits_in = waiting;
	TAILQ_INSERT_TAIL(waiting, turn, link);
}

void
lookups_turn_leave(struct lookups_turn *turn)
{
	if (turn->waits_in != NULL)
		TAILQ_REMOVE(turn->waits_in, turn, link);
	turn->waits_in = NULL;
}
