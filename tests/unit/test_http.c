/* The transport where the clock, memory or a connection has bad luck. */
#include "config.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

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

#include "failing_memory.h"
#include "transport/http.h"
#include "transport/http_library.h"

/* looked up in files alone: no name server takes such a label */
#define NO_NAME "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaa.invalid"
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

static void
ask(struct place *place, int64_t deadline)
{
	assert_int_equal(http_begin(place->http, place->exchange, deadline,
	    place), 0);
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

/* Until a new connection is there (-1), or one of them was asked. */
static void
await(struct place *place, int which)
{
	char request[4096];
	int i, fd;

	for (i = 0; i < ROUNDS; i++) {
		http_work(place->http, 10);
		fd = which != -1 ? -1 : accept4(place->listener, NULL, NULL,
		    SOCK_NONBLOCK);
		if (fd != -1) {
			place->connections[place->count++] = fd;
			which = place->count - 1;
		}
		if (which != -1 && recv(place->connections[which], request,
		    sizeof(request), MSG_DONTWAIT) > 0)
			return;
	}
	fail_msg("nothing was asked");
}

static void
answer(struct place *place, int which, const char *text)
{
	assert_int_equal(send(place->connections[which], text, strlen(text),
	    MSG_NOSIGNAL), strlen(text));
}

/* As if so long were gone by. */
static void
pass(struct place *place, int64_t msecs)
{
	http_work(place->http, 10);
	leapt_ms += msecs;
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

/* For want of memory nothing is faulty: no body is too long by it. */
static void
memory_for_an_answer(void **state)
{
	struct place *place;
	size_t nth, total = 0, count;

	(void)state;
	for (nth = 0; nth <= total; nth++) {
		place = begin();
		place->exchange->keep[0] = "X-";
		ask(place, 10000);
		await(place, -1);
		answer(place, 0, "HTTP/1.1 200 OK\r\nX-One: 1\r\n"
		    "X-Two: 2\r\nContent-Length: 4\r\n\r\nbody");
		failing_memory_begin(nth, FAILING_MEMORY_ONCE);
		assert_int_equal(finish(place), 1);
		count = failing_memory_end();
		if (nth == 0)
			total = count;
		if (nth > 0 && place->exchange->outcome != EXCHANGE_ANSWERED) {
			expect(place, EXCHANGE_LOCAL_FAULT, ": out of memory");
			assert_int_equal(place->exchange->no_memory, 1);
		} else {
			expect(place, EXCHANGE_ANSWERED, "");
			assert_string_equal(place->exchange->body.data,
			    "body");
			assert_int_equal(place->exchange->kept_count, 2);
		}
		end(place);
	}
	assert_true(total >= 3);
	/* and one that is too long is */
	place = begin();
	ask(place, 10000);
	await(place, -1);
	answer(place, 0, "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n");
	for (nth = 0; nth < 100; nth++)
		answer(place, 0, "0123456789012345678901234567890123456789"
		    "012345678901234567890123456789");
	assert_int_equal(finish(place), 1);
	expect(place, EXCHANGE_FAULTY, "more than 4096 bytes");
	end(place);
}

/* Nor before it is sent: no outage either. */
static void
memory_for_a_question(void **state)
{
	struct place *place;
	size_t nth, total = 0, count, failed = 0;

	(void)state;
	for (nth = 0; nth <= total; nth++) {
		place = begin();
		assert_int_equal(exchange_add_header(place->exchange, "Cookie",
		    "session=one"), 0);
		failing_memory_begin(nth, FAILING_MEMORY_ONCE);
		if (http_begin(place->http, place->exchange, 10000,
		    place) == 0)
			http_work(place->http, 10);
		count = failing_memory_end();
		if (nth == 0)
			total = count;
		/* or it is still under way */
		if (place->exchange->error.text[0] != '\0') {
			failed++;
			expect(place, EXCHANGE_LOCAL_FAULT, ": out of memory");
			assert_int_equal(place->exchange->no_memory, 1);
		}
		end(place);
	}
	assert_true(failed >= 10);
}

/* An endless line is the server's, though the library calls it memory. */
static void
endless_line(void **state)
{
	static const char *const begins[] = { "HTTP/1.1 200 OK\r\nX: ",
	    "HTTP/1.1 200 ", "" };
	struct place *place;
	char text[4097];
	size_t i;
	int n;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		place = begin();
		ask(place, 10000);
		await(place, -1);
		answer(place, 0, begins[i]);
		for (n = 0; n < 40; n++) {
			(void)send(place->connections[0], text,
			    sizeof(text) - 1, MSG_NOSIGNAL);
			http_work(place->http, 1);
		}
		if (http_finished(place->http) != place && !finish(place))
			fail_msg("row %zu does not end", i);
		if (place->exchange->outcome != EXCHANGE_FAULTY &&
		    place->exchange->outcome != EXCHANGE_UNREACHABLE)
			fail_msg("row %zu: %d", i,
			    (int)place->exchange->outcome);
		end(place);
	}
}

/* In a child that nothing else is done in. */
struct lack {
	const char *name;
	const char *host;
	int files;		/* more than are open; -1: as many as ever */
	int no_threads;
	enum exchange_outcome outcome;
	const char *why;
};

static void
limit(int resource, rlim_t value)
{
	const struct rlimit limit = { value, value };

	if (setrlimit(resource, &limit) == -1)
		_exit(2);
}

static int
try(const struct place *of, const struct lack *lack)
{
	struct place *place = calloc(1, sizeof(*place));
	struct error error = { "" };
	char url[128];
	int last;

	(void)snprintf(url, sizeof(url), "http://%s%s", lack->host,
	    strrchr(of->exchange->url, ':'));
	if (strchr(lack->host, ':') != NULL)
		(void)snprintf(url, sizeof(url), "http://%s/", lack->host);
	place->settings = of->settings;
	place->settings.insecure_allow_http = 1;
	place->http = http_new(&place->settings, &error);
	place->exchange = exchange_new(url, 4096);
	last = dup(0);
	if (lack->files != -1)
		limit(RLIMIT_NOFILE, (rlim_t)(last + lack->files));
	(void)close(last);
	/* root is not bound by it */
	if (lack->no_threads && geteuid() == 0 &&
	    setresuid(65534, 65534, 65534) == -1)
		_exit(2);
	if (lack->no_threads)
		limit(RLIMIT_NPROC, 0);
	http_perform(place->http, place->exchange, 1000);
	if (place->exchange->outcome == lack->outcome &&
	    strstr(error_text(&place->exchange->error), lack->why) != NULL)
		return 0;
	print_error("%s: %d: %s\n", lack->name, (int)place->exchange->outcome,
	    error_text(&place->exchange->error));
	return 1;
}

static void
lacks_something(void **state)
{
	static const struct lack rows[] = {
		{ "an address, no descriptor", "127.0.0.1", 0, 0,
		    EXCHANGE_LOCAL_FAULT, "Too many open files" },
		{ "localhost, no descriptor", "localhost", 0, 0,
		    EXCHANGE_LOCAL_FAULT, "" },
		{ "no such name, no descriptor", NO_NAME, 0, 0,
		    EXCHANGE_LOCAL_FAULT, "" },
		{ "no such name, one descriptor", NO_NAME, 1, 0,
		    EXCHANGE_LOCAL_FAULT, "" },
		{ "no such name, two descriptors", NO_NAME, 2, 0,
		    EXCHANGE_LOCAL_FAULT, "" },
		{ "no such name, seven descriptors", NO_NAME, 7, 0,
		    EXCHANGE_LOCAL_FAULT, "" },
		{ "no such name, no thread", NO_NAME, -1, 1,
		    EXCHANGE_LOCAL_FAULT, "thread" },
		/* and these lack nothing; one name needs no look-up */
		{ "localhost, no thread", "localhost", -1, 1,
		    EXCHANGE_UNREACHABLE, "" },
		{ "an address, no thread", "127.0.0.1", -1, 1,
		    EXCHANGE_UNREACHABLE, "" },
		{ "an address, one descriptor", "127.0.0.1", 1, 0,
		    EXCHANGE_UNREACHABLE, "" },
		{ "nobody listens", "127.0.0.1:1", -1, 0,
		    EXCHANGE_UNREACHABLE, "" },
		{ "nobody listens, a name", "localhost:1", -1, 0,
		    EXCHANGE_UNREACHABLE, "" },
		{ "no such name", NO_NAME, -1, 0, EXCHANGE_UNREACHABLE,
		    "" },
	};
	struct place *place = begin();
	int status, failed = 0;
	pid_t child;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		child = fork();
		assert_int_not_equal(child, -1);
		if (child == 0)
			_exit(try(place, &rows[i]));
		assert_int_equal(waitpid(child, &status, 0), child);
		if (status != 0) {
			print_error("%s: %d\n", rows[i].name, status);
			failed = 1;
		}
	}
	assert_false(failed);
	end(place);
}

/* The beginning of an answer is none yet: what says no more on a connection of
 * before is asked on another one, and only one of the two is believed. */
static void
old_connection_that_dies(void **state)
{
	static const struct {
		const char *text;
		int is_closed;
	} rows[] = {
		{ "", 0 }, { "", 1 },
		{ "HTTP/1.1 100 Continue\r\n\r\n", 0 },
		{ "HTTP/1.1 100 Continue\r\n\r\n", 1 },
		{ "HTTP/1.1 103 Early Hints\r\nX-Of: hints\r\n\r\n", 0 },
		{ "HTTP/1.1 200 OK\r\n", 0 }, { "HTTP/1.1 200 OK\r\n", 1 },
		{ "HTTP/1.1 200 OK\r\nX-Of: old\r\nX-More: old\r\n", 0 },
		{ "HTTP/1.1 200 OK\r\nX-Of: old\r\nX-More: old\r\n", 1 },
	};
	struct place *place;
	const char *value;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		place = begin();
		place->exchange->keep[0] = "X-";
		ask(place, 20000);
		await(place, -1);
		answer(place, 0, "HTTP/1.1 200 OK\r\n"
		    "Content-Length: 2\r\n\r\nok");
		assert_int_equal(finish(place), 1);
		ask(place, 20000);
		await(place, 0);
		answer(place, 0, rows[i].text);
		if (rows[i].is_closed)
			(void)shutdown(place->connections[0], SHUT_RDWR);
		else
			pass(place, 13000);
		await(place, -1);
		answer(place, 1, "HTTP/1.1 200 OK\r\nX-Of: new\r\n"
		    "Content-Length: 3\r\n\r\nnew");
		if (!finish(place))
			fail_msg("row %zu does not end", i);
		expect(place, EXCHANGE_ANSWERED, "");
		assert_string_equal(place->exchange->body.data, "new");
		assert_int_equal(exchange_find_kept(place->exchange, "X-Of",
		    &value), 1);
		assert_string_equal(value, "new");
		assert_int_equal(place->exchange->kept_count, 1);
		end(place);
	}
}

/* Who is only slow is heard all the same; an answer that is wrong is one. */
static void
old_connection_that_lives(void **state)
{
	struct place *place = begin();
	int is_slow;

	(void)state;
	for (is_slow = 1; is_slow >= 0; is_slow--) {
		ask(place, 20000);
		await(place, place->count == 0 ? -1 : 0);
		answer(place, 0, "HTTP/1.1 200 OK\r\n"
		    "Content-Length: 2\r\n\r\nok");
		assert_int_equal(finish(place), 1);
		ask(place, 20000);
		await(place, 0);
		answer(place, 0, is_slow ? "HTTP/1.1 200 OK\r\n" :
		    "HTTP/1.1 200 OK\r\n: broken\r\n");
		if (is_slow) {
			pass(place, 13000);
			await(place, -1);
			answer(place, 0, "Content-Length: 3\r\n\r\nold");
			assert_int_equal(finish(place), 1);
			expect(place, EXCHANGE_ANSWERED, "");
			assert_string_equal(place->exchange->body.data, "old");
			end(place);
			place = begin();
			continue;
		}
		assert_int_equal(finish(place), 1);
		expect(place, EXCHANGE_FAULTY, "without a name");
	}
	end(place);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_time_is_left),
		cmocka_unit_test(memory_for_an_answer),
		cmocka_unit_test(memory_for_a_question),
		cmocka_unit_test(endless_line),
		cmocka_unit_test(lacks_something),
		cmocka_unit_test(old_connection_that_dies),
		cmocka_unit_test(old_connection_that_lives),
	};
	int ret;

	if (http_library_init() == -1)
		return 1;
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	http_library_end();
	return ret;
}
