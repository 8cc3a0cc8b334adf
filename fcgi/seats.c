#include "config.h"

#include "fcgi/seats.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "ground/shares.h"

struct seats {
	pthread_mutex_t lock;
	struct shares *shares;
	unsigned int max;	/* of one address */
};

void
seats_free(struct seats *seats)
{
	if (seats == NULL)
		return;
	(void)pthread_mutex_destroy(&seats->lock);
	shares_free(seats->shares);
	free(seats);
}

struct seats *
seats_new(unsigned int places)
{
	struct seats *seats = calloc(1, sizeof(*seats));

	if (seats == NULL)
		return NULL;
	(void)pthread_mutex_init(&seats->lock, NULL);
	seats->max = places < 2 ? 1 : places / 2;
	seats->shares = shares_new();
	if (seats->shares == NULL) {
		seats_free(seats);
		return NULL;
	}
	return seats;
}

int
seats_enter(struct seats *seats, const char *client_address,
    struct seat *seat)
{
	int ret = -1;

	(void)snprintf(seat->client_address, sizeof(seat->client_address),
	    "%s", client_address != NULL ? client_address : "");
	(void)pthread_mutex_lock(&seats->lock);
	if ((unsigned int)shares_of(seats->shares, seat->client_address) <
	    seats->max) {
		seat->is_taken = shares_take(seats->shares,
		    seat->client_address);
		ret = 0;
	}
	(void)pthread_mutex_unlock(&seats->lock);
	return ret;
}

void
seats_leave(struct seats *seats, struct seat *seat)
{
	if (!seat->is_taken)
		return;
	(void)pthread_mutex_lock(&seats->lock);
	shares_give(seats->shares, seat->client_address);
	(void)pthread_mutex_unlock(&seats->lock);
	seat->is_taken = 0;
}
