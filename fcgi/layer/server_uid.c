#include "fcgi/layer/server_uid.h"

static struct uid_count *
find(struct server *server, long uid, int may_add)
{
	struct uid_count *empty = NULL;
	size_t i;

	for (i = 0; i < SERVER_UIDS; i++) {
		if (server->uids[i].count == 0) {
			if (empty == NULL)
				empty = &server->uids[i];
		} else if (server->uids[i].uid == uid)
			return &server->uids[i];
	}
	if (empty == NULL || !may_add)
		return NULL;
	empty->uid = uid;
	return empty;
}

int
server_uid_enter(struct server *server, struct server_request *slot)
{
	struct uid_count *entry;
	long uid;

	slot->uid = -1;
	if (slot->listener->serve != LISTENER_SERVE_ASK)
		return 0;
	uid = server_request_peer_uid(slot);
	if (uid < 0)
		return 0;
	entry = find(server, uid, 1);
	if (entry == NULL ||
	    entry->count >= server->options.max_connections / 2)
		return -1;
	entry->count++;
	slot->uid = uid;
	return 0;
}

void
server_uid_leave(struct server *server, struct server_request *slot)
{
	struct uid_count *entry;

	if (slot->uid == -1)
		return;
	entry = find(server, slot->uid, 0);
	if (entry != NULL)
		entry->count--;
	slot->uid = -1;
}
