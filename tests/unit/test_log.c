#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/log.h"

/* stderr into a file while the log speaks. */
struct capture {
	FILE *file;
	int saved;
	char text[65536];
};

static void
capture_begin(struct capture *capture)
{
	capture->file = tmpfile();
	assert_non_null(capture->file);
	capture->saved = dup(STDERR_FILENO);
	assert_true(capture->saved >= 0);
	assert_true(dup2(fileno(capture->file), STDERR_FILENO) >= 0);
}

static void
capture_end(struct capture *capture)
{
	size_t len;

	assert_true(dup2(capture->saved, STDERR_FILENO) >= 0);
	close(capture->saved);
	rewind(capture->file);
	len = fread(capture->text, 1, sizeof(capture->text) - 1,
	    capture->file);
	capture->text[len] = '\0';
	fclose(capture->file);
}

static int
count_of(const char *text, const char *part)
{
	int count = 0;

	while ((text = strstr(text, part)) != NULL) {
		text += strlen(part);
		count++;
	}
	return count;
}

static void
test_refusals(void **state)
{
	struct capture capture;
	struct log *log;
	int i;

	(void)state;
	log = log_new(LOG_TO_STDERR, "test", NULL);
	assert_non_null(log);
	capture_begin(&capture);
	for (i = 0; i < 250; i++)
		log_refusal(log, REASON_EXPIRED, 5000 + i, "old");
	for (i = 0; i < 30; i++)
		log_refusal(log, REASON_MALFORMED, 5000 + i, "bad");
	log_tick(log, 5999);
	log_tick(log, 6000);
	log_tick(log, 7000);
	log_refusal(log, REASON_EXPIRED, 7000, "old");
	log_free(log);
	capture_end(&capture);
	assert_int_equal(count_of(capture.text, ": old\n"), 101);
	assert_int_equal(count_of(capture.text, ": bad\n"), 30);
	assert_int_equal(count_of(capture.text, "reason=expired count=150\n"),
	    1);
	assert_int_equal(count_of(capture.text, " count="), 1);
}

static void
test_one_line(void **state)
{
	static char big[4000];
	struct capture capture;
	struct log *log;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	log = log_new(LOG_TO_STDERR, "test", NULL);
	assert_non_null(log);
	capture_begin(&capture);
	log_say(log, LOG_LEVEL_WARNING, "a\nb\r\x1b[31m\x7f");
	log_say(log, LOG_LEVEL_INFO, "%s", big);
	log_free(log);
	capture_end(&capture);
	assert_int_equal(count_of(capture.text, "\n"), 2);
	assert_int_equal(count_of(capture.text, "warning: a?b??[31m?\n"), 1);
}

/* What the gate wants to be known keeps its level and is no format. */
static void
test_notices(void **state)
{
	struct capture capture;
	struct log *log;

	(void)state;
	log = log_new(LOG_TO_STDERR, "test", NULL);
	assert_non_null(log);
	capture_begin(&capture);
	log_notice(log, NOTICE_INFO, "100 %s");
	log_notice(log, NOTICE_WARNING, "odd");
	log_notice(log, NOTICE_ERROR, "bad");
	log_free(log);
	capture_end(&capture);
	assert_int_equal(count_of(capture.text, "\n"), 3);
	assert_int_equal(count_of(capture.text, "]: 100 %s\n"), 1);
	assert_int_equal(count_of(capture.text, "]: warning: odd\n"), 1);
	assert_int_equal(count_of(capture.text, "]: error: bad\n"), 1);
}

/* stderr into a stream socket, as systemd makes it, or another file; what the
 * log says there of each level. */
static void
say_each_level(int fd, int reader, const char *journal_stream, char *text,
    size_t size)
{
	int saved = dup(STDERR_FILENO);
	struct log *log;
	ssize_t got;

	assert_true(saved >= 0);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	log = log_new(LOG_TO_STDERR, "test", journal_stream);
	assert_non_null(log);
	log_say(log, LOG_LEVEL_ERROR, "bad");
	log_say(log, LOG_LEVEL_WARNING, "odd");
	log_say(log, LOG_LEVEL_INFO, "<0>good");
	log_refusal(log, REASON_EXPIRED, 5000, "refused");
	log_free(log);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	got = read(reader, text, size - 1);
	assert_true(got > 0);
	text[got] = '\0';
}

static void
test_journal(void **state)
{
	char stream[64], other[80], text[1024], plain[256];
	struct stat st;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(fstat(pair[0], &st), 0);
	(void)snprintf(stream, sizeof(stream), "%ju:%ju",
	    (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	say_each_level(pair[0], pair[1], stream, text, sizeof(text));
	assert_string_equal(text, "<3>error: bad\n<4>warning: odd\n"
	    "<6><0>good\n<6>refused\n");
	(void)snprintf(plain, sizeof(plain), "test[%ld]: error: bad\n"
	    "test[%ld]: warning: odd\ntest[%ld]: <0>good\n"
	    "test[%ld]: refused\n", (long)getpid(), (long)getpid(),
	    (long)getpid(), (long)getpid());
	(void)snprintf(other, sizeof(other), "%s0", stream);
	say_each_level(pair[0], pair[1], other, text, sizeof(text));
	assert_string_equal(text, plain);
	other[strlen(stream) - 1] = '\0';
	say_each_level(pair[0], pair[1], other, text, sizeof(text));
	assert_string_equal(text, plain);
	say_each_level(pair[0], pair[1], "", text, sizeof(text));
	assert_string_equal(text, plain);
	say_each_level(pair[0], pair[1], NULL, text, sizeof(text));
	assert_string_equal(text, plain);
	assert_int_equal(log_is_journal(stream), 0);
	close(pair[0]);
	close(pair[1]);
}

/* In a file nobody else notes the time. */
static void
test_stamp(void **state)
{
	struct capture capture;
	unsigned int second;
	struct log *log;
	char end[64];

	(void)state;
	capture_begin(&capture);
	log = log_new(LOG_TO_STDERR, "test", NULL);
	assert_non_null(log);
	log_say(log, LOG_LEVEL_WARNING, "odd");
	log_free(log);
	capture_end(&capture);
	assert_int_equal(sscanf(capture.text, "20%*2u-%*2u-%*2uT%*2u:%*2u:%2uZ",
	    &second), 1);
	(void)snprintf(end, sizeof(end), "Z test[%ld]: warning: odd\n",
	    (long)getpid());
	assert_string_equal(capture.text + strlen("2026-01-01T00:00:00"), end);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_one_line),
		cmocka_unit_test(test_notices),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_stamp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
