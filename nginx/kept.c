#include "nginx/kept.h"

#include <ngx_event.h>

struct place {
	ngx_queue_t link;
	struct kept *kept;
	ngx_connection_t *connection;	/* while it is among the idle */
};

struct kept {
	ngx_str_t address;
	ngx_addr_t peer;
	ngx_queue_t idle;	/* places, the latest first */
	ngx_queue_t empty;
	struct place places[KEPT_MAX];
};

struct kept *
kept_new(ngx_pool_t *pool, const ngx_str_t *address, const ngx_addr_t *peer)
{
	struct kept *kept = ngx_pcalloc(pool, sizeof(*kept));
	ngx_uint_t i;

	if (kept == NULL)
		return NULL;
	kept->address = *address;
	kept->peer = *peer;
	ngx_queue_init(&kept->idle);
	ngx_queue_init(&kept->empty);
	for (i = 0; i < KEPT_MAX; i++) {
		kept->places[i].kept = kept;
		ngx_queue_insert_head(&kept->empty, &kept->places[i].link);
	}
	return kept;
}

int
kept_is_of(const struct kept *kept, const ngx_str_t *address)
{
	return kept->address.len == address->len &&
	    ngx_memcmp(kept->address.data, address->data, address->len) == 0;
}

const ngx_addr_t *
kept_peer(const struct kept *kept)
{
	return &kept->peer;
}

static void
release(struct place *place)
{
	ngx_queue_remove(&place->link);
	ngx_queue_insert_head(&place->kept->empty, &place->link);
}

/* Nothing has come over it, nor its end. */
static int
is_silent(const ngx_connection_t *connection)
{
	char byte;

	return recv(connection->fd, &byte, 1, MSG_PEEK) == -1 &&
	    ngx_socket_errno == NGX_EAGAIN;
}

/* Whatever comes over an idle connection ends it, its own end above all. */
static void
on_idle(ngx_event_t *event)
{
	ngx_connection_t *connection = event->data;
	struct place *place = connection->data;

	if (!connection->close && is_silent(connection)) {
		event->ready = 0;
		if (ngx_handle_read_event(event, 0) == NGX_OK)
			return;
	}
	release(place);
	ngx_close_connection(connection);
}

static void
on_nothing(ngx_event_t *event)
{
	(void)event;
}

/* The latest one that is idle; what has come over it, and was not seen yet,
 * would be taken for an answer. */
static ngx_connection_t *
latest(struct kept *kept)
{
	ngx_connection_t *connection;
	struct place *place;

	while (!ngx_queue_empty(&kept->idle)) {
		place = ngx_queue_data(ngx_queue_head(&kept->idle),
		    struct place, link);
		connection = place->connection;
		release(place);
		if (is_silent(connection))
			return connection;
		ngx_close_connection(connection);
	}
	return NULL;
}

ngx_connection_t *
kept_take(struct kept *kept, ngx_log_t *log)
{
	ngx_connection_t *connection = latest(kept);

	if (connection == NULL)
		return NULL;
	connection->idle = 0;
	connection->data = NULL;
	connection->log = log;
	connection->read->log = log;
	connection->write->log = log;
	return connection;
}

void
kept_give(struct kept *kept, ngx_connection_t *connection)
{
	struct place *place;

	if (ngx_queue_empty(&kept->empty) || connection->read->eof ||
	    connection->read->error || connection->write->error ||
	    connection->error || ngx_terminate || ngx_exiting ||
	    ngx_handle_read_event(connection->read, 0) != NGX_OK) {
		ngx_close_connection(connection);
		return;
	}
	place = ngx_queue_data(ngx_queue_head(&kept->empty), struct place,
	    link);
	ngx_queue_remove(&place->link);
	ngx_queue_insert_head(&kept->idle, &place->link);
	place->connection = connection;
	connection->data = place;
	connection->idle = 1;
	connection->log = ngx_cycle->log;
	connection->read->log = ngx_cycle->log;
	connection->write->log = ngx_cycle->log;
	connection->read->handler = on_idle;
	connection->write->handler = on_nothing;
	if (connection->read->ready)
		on_idle(connection->read);
}
