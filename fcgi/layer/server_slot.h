#ifndef FCGI_SERVER_SLOT_H_
#define FCGI_SERVER_SLOT_H_

#include <stdint.h>

#include "fcgi/layer/server_private.h"

/*
 * The place of each connection, and who has it.
 * Threads: any, but one in server_slot_evict(), which holds the lock.
 */

/* Monotonic, in msecs: what deadlines are of. */
int64_t server_slot_now(void);

/* A BUSY slot for an accepted descriptor; NULL: there is no place, and the
 * caller closes it. */
struct server_request *server_slot_open(struct server *server, int fd,
    const struct listener *listener);

/* Back to waiting.  0, or -1 if the owner must look again, because bytes came
 * or the server stops. */
int server_slot_wait(struct server_request *slot);

/* The slot of an event, BUSY, or NULL. */
struct server_request *server_slot_take(struct server *server,
    unsigned int fd, uint32_t generation);

/* 0, or -1 if it was woken already and is still the caller's. */
int server_slot_park(struct server_request *slot);

/* One that was woken, BUSY, or NULL. */
struct server_request *server_slot_ready(struct server *server);

/* Write the reply of a BUSY one, or the canned 500 where there is none.  0: the
 * connection may be kept; -1: it must be closed. */
int server_slot_answer(struct server_request *slot);

/* Ends a BUSY one. */
void server_slot_close(struct server_request *slot);

/* Room for held bytes within the bound of all; 0, or -1. */
int server_slot_hold(struct server_request *slot, size_t len);
void server_slot_release(struct server_request *slot);	/* wipes */

/* Under the lock: close one waiting connection to make room; 1, or 0. */
int server_slot_evict(struct server *server);

/* Close what is past its deadline, and what is kept without a request, or
 * everything that waits. */
enum slot_sweep { SLOT_SWEEP_LATE, SLOT_SWEEP_IDLE, SLOT_SWEEP_ALL };
void server_slot_sweep(struct server *server, enum slot_sweep which);

/* Not one that is in use. */
void server_slot_free(struct server_request *slot);

#endif /* !FCGI_SERVER_SLOT_H_ */
