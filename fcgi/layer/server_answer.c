#include "fcgi/layer/server_answer.h"

#include <string.h>

static const char canned[] =
    "Status: 500 Internal Server Error\r\n"
    "Content-Type: application/json\r\n"
    "Cache-Control: no-store\r\n"
    "\r\n"
    "{\"error\":\"server_error\"}\n";

int
server_answer(struct server_request *slot)
{
	struct server *server = slot->server;
	const char *reply = slot->reply;
	size_t len = slot->reply_len;
	int ret;

	if (len == 0 || slot->reply_failed) {
		reply = canned;
		len = sizeof(canned) - 1;
	}
	ret = connection_end(slot->connection, reply, len);
	explicit_bzero(slot->reply, slot->reply_len);
	slot->reply_len = 0;
	slot->attached = NULL;
	(void)pthread_mutex_lock(&server->lock);
	if (slot->has_place)
		server->places--;
	slot->has_place = 0;
	slot->is_woken = 0;
	if (server->is_stopping)
		ret = -1;
	(void)pthread_mutex_unlock(&server->lock);
	return ret;
}
