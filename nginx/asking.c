#include "nginx/asking.h"

#include <ngx_event.h>
#include <ngx_event_connect.h>

#include "nginx/kept.h"

#define TRIES 3		/* connections, the first of which may be a kept one */
#define ROOM_MSECS 50	/* between looks for room in the daemon's queue */

struct asking {
	struct asking_call call;
	ngx_connection_t *connection;	/* NULL: none at the moment */
	ngx_event_t deadline;
	ngx_event_t room;		/* is looked for again */
	ngx_uint_t tries;
	unsigned int id;		/* of the question on it */
	size_t sent;
	u_char *reply;			/* ANSWER_RECORDS_MAX bytes */
	size_t len;
};

/* What became of a step. */
enum step {
	STEP_WAIT = 0,
	STEP_DIED,		/* the connection, before any answer */
	STEP_BROKEN,		/* no answer is to be had */
	STEP_ANSWERED
};

static void
say(const struct asking *asking, ngx_err_t error, const char *what)
{
	ngx_log_error(NGX_LOG_ERR, asking->call.log, error,
	    "authgear: no answer from %V: %s",
	    &kept_peer(asking->call.kept)->name, what);
}

static void
close_connection(struct asking *asking)
{
	if (asking->connection != NULL)
		ngx_close_connection(asking->connection);
	asking->connection = NULL;
}

static void
stop_clock(struct asking *asking)
{
	if (asking->deadline.timer_set)
		ngx_del_timer(&asking->deadline);
	if (asking->room.timer_set)
		ngx_del_timer(&asking->room);
}

static enum step
send_rest(struct asking *asking)
{
	ngx_connection_t *connection = asking->connection;
	ssize_t n;

	while (asking->sent < asking->call.question.len) {
		n = connection->send(connection,
		    asking->call.question.data + asking->sent,
		    asking->call.question.len - asking->sent);
		if (n == NGX_AGAIN)
			return ngx_handle_write_event(connection->write, 0) ==
			    NGX_OK ? STEP_WAIT : STEP_BROKEN;
		if (n <= 0)
			return STEP_DIED;
		asking->sent += (size_t)n;
	}
	/* poll and select would tell of it on and on */
	return ngx_handle_write_event(connection->write, 0) == NGX_OK ?
	    STEP_WAIT : STEP_BROKEN;
}

/* What has come; the answer once it is whole. */
static enum step
receive(struct asking *asking, struct answer *answer)
{
	ngx_connection_t *connection = asking->connection;
	ssize_t n;

	for (;;) {
		n = connection->recv(connection, asking->reply + asking->len,
		    ANSWER_RECORDS_MAX - asking->len);
		if (n == NGX_AGAIN)
			return ngx_handle_read_event(connection->read, 0) ==
			    NGX_OK ? STEP_WAIT : STEP_BROKEN;
		if (n <= 0)
			return asking->len == 0 ? STEP_DIED : STEP_BROKEN;
		asking->len += (size_t)n;
		switch (answer_check(answer, asking->id, asking->reply,
		    asking->len)) {
		case ANSWER_COMPLETE:
			return STEP_ANSWERED;
		case ANSWER_SHORT:
			break;
		case ANSWER_BAD:
		default:
			return STEP_BROKEN;
		}
	}
}

static void on_event(ngx_event_t *event);

/* A new one; NULL: errno is why. */
static ngx_connection_t *
connect_to(const struct asking *asking)
{
	const ngx_addr_t *to = kept_peer(asking->call.kept);
	ngx_log_t quiet = *asking->call.log;
	ngx_peer_connection_t peer;
	ngx_str_t name = to->name;
	ngx_int_t rc;

	/* it would call a full queue an error, each time */
	quiet.log_level = NGX_LOG_CRIT;
	ngx_memzero(&peer, sizeof(peer));
	peer.sockaddr = to->sockaddr;
	peer.socklen = to->socklen;
	peer.name = &name;
	peer.get = ngx_event_get_peer;
	peer.log = &quiet;
	peer.log_error = NGX_ERROR_ERR;
	ngx_set_socket_errno(0);
	rc = ngx_event_connect_peer(&peer);
	if (rc == NGX_OK || rc == NGX_AGAIN) {
		peer.connection->log = asking->call.log;
		peer.connection->read->log = asking->call.log;
		peer.connection->write->log = asking->call.log;
		return peer.connection;
	}
	if (peer.connection != NULL)
		ngx_close_connection(peer.connection);
	return NULL;
}

/* Nobody to ask; but a unix socket whose queue is full says so at once, and
 * may have room in a moment. */
static enum step
wait_for_room(struct asking *asking)
{
	const ngx_err_t error = ngx_socket_errno;

	if (error == NGX_EAGAIN) {
		ngx_add_timer(&asking->room, ROOM_MSECS);
		return STEP_WAIT;
	}
	say(asking, error, "connect() failed");
	return STEP_BROKEN;
}

/* Each question over a connection has an id of its own, so that an answer that
 * comes late is nobody else's. */
static void
number(struct asking *asking)
{
	u_char *record = asking->call.question.data;
	const u_char *end = record + asking->call.question.len;

	asking->id = (unsigned int)(asking->connection->requests++ % 65535) + 1;
	while (end - record >= 8) {
		record[2] = (u_char)(asking->id >> 8);
		record[3] = (u_char)(asking->id & 0xff);
		record += 8 + record[6] +
		    (((size_t)record[4] << 8) | record[5]);
	}
}

/* Ask over another connection, as long as there are tries: WAIT or BROKEN. */
static enum step
ask(struct asking *asking)
{
	ngx_connection_t *connection;
	enum step step = STEP_DIED;

	while (step == STEP_DIED && asking->tries < TRIES) {
		close_connection(asking);
		connection = asking->tries == 0 ?
		    kept_take(asking->call.kept, asking->call.log) : NULL;
		if (connection == NULL)
			connection = connect_to(asking);
		if (connection == NULL)
			return wait_for_room(asking);
		asking->tries++;
		connection->data = asking;
		connection->read->handler = on_event;
		connection->write->handler = on_event;
		asking->connection = connection;
		asking->sent = 0;
		asking->len = 0;
		number(asking);
		step = send_rest(asking);
	}
	return step == STEP_WAIT ? STEP_WAIT : STEP_BROKEN;
}

/* The credential in it would lie in the pool until that ends, and after. */
static void
wipe(const struct asking *asking)
{
	explicit_bzero(asking->call.question.data, asking->call.question.len);
}

static void
finish(struct asking *asking, const struct answer *answer)
{
	stop_clock(asking);
	wipe(asking);
	(void)ngx_pfree(asking->call.pool, asking->reply);
	/* the rest of a question would be taken for the next one */
	if (answer != NULL && asking->sent == asking->call.question.len)
		kept_give(asking->call.kept, asking->connection);
	else
		close_connection(asking);
	asking->connection = NULL;
	asking->call.done(asking->call.context, answer);
}

static void
on_event(ngx_event_t *event)
{
	ngx_connection_t *connection = event->data;
	struct asking *asking = connection->data;
	struct answer answer;
	enum step step;

	step = event->write ? send_rest(asking) : receive(asking, &answer);
	if (step == STEP_DIED)
		step = ask(asking);
	if (step == STEP_WAIT)
		return;
	if (step == STEP_ANSWERED) {
		finish(asking, &answer);
		return;
	}
	say(asking, 0, asking->len > 0 ? "it is no whole answer" :
	    "it closed the connection");
	finish(asking, NULL);
}

static void
on_deadline(ngx_event_t *event)
{
	struct asking *asking = event->data;

	say(asking, NGX_ETIMEDOUT, asking->connection != NULL ?
	    "the deadline of authgear_socket" :
	    "its queue was full until the deadline of authgear_socket");
	finish(asking, NULL);
}

static void
on_room(ngx_event_t *event)
{
	struct asking *asking = event->data;

	if (ask(asking) == STEP_BROKEN)
		finish(asking, NULL);
}

struct asking *
asking_start(const struct asking_call *call)
{
	struct asking *asking = ngx_pcalloc(call->pool, sizeof(*asking));

	if (asking == NULL)
		return NULL;
	asking->call = *call;
	/* one that may have ended unseen is none for it */
	asking->tries = call->is_once ? TRIES - 1 : 0;
	asking->reply = ngx_pnalloc(call->pool, ANSWER_RECORDS_MAX);
	if (asking->reply == NULL)
		return NULL;
	asking->room.handler = on_room;
	asking->room.data = asking;
	asking->room.log = call->log;
	if (ask(asking) != STEP_WAIT) {
		asking_stop(asking);
		return NULL;
	}
	asking->deadline.handler = on_deadline;
	asking->deadline.data = asking;
	asking->deadline.log = call->log;
	ngx_add_timer(&asking->deadline, call->deadline);
	return asking;
}

void
asking_stop(struct asking *asking)
{
	if (asking == NULL)
		return;
	stop_clock(asking);
	wipe(asking);
	close_connection(asking);
}
