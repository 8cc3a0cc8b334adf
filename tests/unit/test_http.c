/* The transport where the clock, memory or a connection has bad luck. */
#include "config.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "transport/http.h"
#include "transport/http_library.h"

#define ROUNDS 400	/* of the network, 10 ms each at most */

/* of the linker's --wrap: the clock leaps before its nth reading from now */
int __real_clock_gettime(clockid_t id, struct timespec *now);
int __wrap_clock_gettime(clockid_t id, struct timespec *now);

static int leap_at, readings;
static int64_t leap_ms, leapt_ms;

int
__wrap_clock_gettime(clockid_t id, struct timespec *now)
{
	const int ret = __real_clock_gettime(id, now);

	if (id != CLOCK_MONOTONIC)
		return ret;
	if (++readings == leap_at)
		leapt_ms += leap_ms;
	now->tv_sec += leapt_ms / 1000;
	now->tv_nsec += leapt_ms % 1000 * 1000000;
	if (now->tv_nsec >= 1000000000) {
		now->tv_sec++;
		now->tv_nsec -= 1000000000;
	}
	return ret;
}

/* A server that does what the test says, and who asks it. */
struct place {
	struct settings settings;
	struct http *http;
	struct exchange *exchange;
	int listener;
	int connections[4];
	int count;
};

static struct place *
begin(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct place *place = calloc(1, sizeof(*place));
	socklen_t len = sizeof(address);
	struct error error = { "" };
	char url[64];

	assert_non_null(place);
	place->settings.connect_timeout = 5;
	place->settings.max_lookups = 4;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	place->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(place->listener, (struct sockaddr *)&address,
	    sizeof(address)), 0);
	assert_int_equal(listen(place->listener, 8), 0);
	assert_int_equal(getsockname(place->listener,
	    (struct sockaddr *)&address, &len), 0);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/",
	    (unsigned int)ntohs(address.sin_port));
	place->http = http_new(&place->settings, &error);
	place->exchange = exchange_new(url, 4096);
	assert_non_null(place->http);
	assert_non_null(place->exchange);
	return place;
}

static void
end(struct place *place)
{
	int i;

	http_free(place->http);
	exchange_free(place->exchange);
	for (i = 0; i < place->count; i++)
		(void)close(place->connections[i]);
	(void)close(place->listener);
	free(place);
}

/* Until the exchange is over; 0: it does not end. */
static int
finish(struct place *place)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		http_work(place->http, 10);
		if (http_finished(place->http) == place)
			return 1;
	}
	return 0;
}

static void
expect(struct place *place, enum exchange_outcome outcome, const char *why)
{
	if (place->exchange->outcome != outcome ||
	    strstr(error_text(&place->exchange->error), why) == NULL)
		fail_msg("%d: %s", (int)place->exchange->outcome,
		    error_text(&place->exchange->error));
}

/* Time passes anywhere between the readings of the clock: the exchange ends
 * at its deadline, as that. */
static void
no_time_is_left(void **state)
{
	static const int64_t leaps[] = { 4, 5, 6, 5000 };
	struct place *place;
	size_t i;
	int at;

	(void)state;
	for (i = 0; i < sizeof(leaps) / sizeof(leaps[0]); i++) {
		for (at = 1; at < 7; at++) {
			place = begin();
			readings = 0;
			leap_at = at;
			leap_ms = leaps[i];
			if (http_begin(place->http, place->exchange, 5,
			    place) == 0 && !finish(place))
				fail_msg("reading %d: it does not end", at);
			leap_at = 0;
			expect(place, EXCHANGE_UNREACHABLE, "");
			if (strstr(place->exchange->error.text, "memory") !=
			    NULL)
				fail_msg("reading %d: %s", at,
				    place->exchange->error.text);
			end(place);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_time_is_left),
	};
	int ret;

	if (http_library_init() == -1)
		return 1;
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	http_library_end();
	return ret;
}
