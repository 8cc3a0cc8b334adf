#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
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
	log = log_new(LOG_TO_STDERR, "test");
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
	log = log_new(LOG_TO_STDERR, "test");
	assert_non_null(log);
	capture_begin(&capture);
	log_say(log, LOG_LEVEL_WARNING, "a\nb\r\x1b[31m\x7f");
	log_say(log, LOG_LEVEL_INFO, "%s", big);
	log_free(log);
	capture_end(&capture);
	assert_int_equal(count_of(capture.text, "\n"), 2);
	assert_int_equal(count_of(capture.text, "warning: a?b??[31m?\n"), 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
