#ifndef SEATS_H_
#define SEATS_H_

/*
 * Requests that wait for the network, by client address: one of them gets at
 * most half of the places, so that whoever makes many wait (with tokens of
 * unknown keys, with sessions that must be looked up) leaves the rest to
 * others.  Behind a proxy that is not told apart all share that half.
 * Threads: one makes and frees it; the rest is for all.
 */

struct seats;

/* `places`: of the whole server.  NULL: out of memory. */
struct seats *seats_new(unsigned int places);
void seats_free(struct seats *seats);

/* What to give back; {0} at first. */
struct seat {
	char client_address[64];
	int is_taken;
};

/* 0, or -1: that address has its half. */
int seats_enter(struct seats *seats, const char *client_address,
    struct seat *seat);
void seats_leave(struct seats *seats, struct seat *seat);

#endif /* !SEATS_H_ */
