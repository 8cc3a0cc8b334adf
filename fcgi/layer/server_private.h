#ifndef FCGI_SERVER_PRIVATE_H_
#define FCGI_SERVER_PRIVATE_H_

#include <pthread.h>
#include <stdint.h>
#include <sys/queue.h>

#include "fcgi/layer/connection.h"
#include "fcgi/layer/server.h"
#include "fcgi/layer/server_request.h"

/* The types that server*.c share.  Threads: as each says. */

#define SERVER_PARKED_MAX 512
#define SERVER_UIDS 64
#define SERVER_HELD_MAX (16 * 1024 * 1024)

/* epoll data: generation << 32 | descriptor; generation 0 is for: */
#define SERVER_EVENT_WAKE 0xfffffffeU
#define SERVER_EVENT_QUIT 0xffffffffU	/* else the index of a listener */

enum slot_state {
	SLOT_FREE = 0,
	SLOT_BUSY,	/* owned by one thread */
	SLOT_HALF,	/* waiting for (the rest of) a first request */
	SLOT_IDLE,	/* kept, waiting for the next request */
	SLOT_PARKED,
	SLOT_READY	/* woken, nobody has taken it yet */
};

/*
 * A slot belongs to a descriptor number and is never freed before the
 * server, so a late event finds no freed memory, only another generation.
 * All but connection, reply, held and attached (the owner's) is under the lock.
 */
struct server_request {
	TAILQ_ENTRY(server_request) link;	/* of the list of its state */
	struct server *server;
	const struct listener *listener;
	struct connection *connection;
	void *attached;
	enum server_role role;
	enum slot_state state;
	uint32_t generation;
	int fd;
	int keep;
	int is_partial;		/* a request has begun to come */
	int is_registered;	/* in epoll */
	int has_event;		/* came while it was not waiting */
	int is_woken;		/* before it was parked */
	int has_place;		/* counted in places */
	long uid;		/* counted in uids; -1: not */
	int64_t deadline;	/* monotonic msecs; 0: not set */
	unsigned char *held;	/* bytes of a request still incomplete */
	size_t held_len;
	int is_too_large;	/* the request; skip passes over its rest */
	struct record_skip skip;
	size_t reply_len;
	int reply_failed;
	char reply[SERVER_REPLY_MAX];
};

TAILQ_HEAD(slot_list, server_request);

struct uid_count {
	long uid;
	unsigned int count;
};

struct server {
	const struct server_handler *handler;
	struct server_options options;
	const struct listener *listeners;
	size_t listener_count;
	int epoll_fd;
	int stop_fd;		/* eventfds */
	int wake_fd;
	int quit_fd;
	int ran;
	int is_failed;		/* to begin */
	pthread_mutex_t lock;	/* all below */
	pthread_cond_t begun_changed;
	unsigned int begun;	/* threads past their begin, well or not */
	struct server_request **slots;	/* by descriptor */
	size_t slot_count;
	struct slot_list half, idle, parked, ready;
	struct uid_count uids[SERVER_UIDS];
	unsigned int connections;
	unsigned int places;	/* reserved for parked requests */
	unsigned int busy;	/* slots that are BUSY */
	unsigned int accepting;	/* threads that do */
	size_t held_total;	/* bytes of all slots */
	int reserve_fd;		/* given up to survive EMFILE */
	int is_stopping;
	int begin_failed;
};

struct server_thread {
	struct server *server;
	pthread_t thread;
	unsigned int index;
	void *handler_thread;
	struct connection_feed feed;
	unsigned char bytes[RECORD_REQUEST_MAX];
	unsigned char params[RECORD_PARAMS_MAX];
	unsigned char composed[RECORD_COMPOSED_MAX];
};

#endif /* !FCGI_SERVER_PRIVATE_H_ */
