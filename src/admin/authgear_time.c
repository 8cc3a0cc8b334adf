#include "admin/authgear_time.h"

#include <stdio.h>

#include "admin/child.h"
#include "face/json_print.h"
#include "facts/metadata.h"
#include "facts/retry_after.h"
#include "ground/buffer.h"
#include "transport/http.h"
#include "transport/http_library.h"

/* Of both; the child has its own. */
struct asking {
	const struct settings *settings;
	int64_t seconds;	/* 0: not told */
};

static struct exchange *
make(const struct settings *settings, struct error *error)
{
	struct exchange *exchange = NULL;
	struct buffer url;

	buffer_init(&url, SETTINGS_MAX_VALUE + sizeof(METADATA_PATH));
	(void)buffer_append_format(&url, "%s%s", settings->endpoint,
	    METADATA_PATH);
	if (!url.failed)
		exchange = exchange_new(url.data, METADATA_MAX_TEXT);
	buffer_clear(&url);
	if (exchange == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	exchange->keep[0] = "date";
	exchange->head_only = 1;
	return exchange;
}

static int
tell(const struct exchange *exchange, FILE *out, struct error *error)
{
	const char *date;

	if (exchange->outcome != EXCHANGE_ANSWERED) {
		error_set(error, "%s", error_text(&exchange->error));
		return -1;
	}
	if (exchange_find_kept(exchange, "date", &date) != 1) {
		error_set(error, "%s answers without one Date",
		    exchange->url);
		return -1;
	}
	json_print_text(out, "{\"date\":", date);
	(void)fputs("}\n", out);
	return 0;
}

static int
work(void *context, FILE *out, struct error *error)
{
	const struct asking *asking = context;
	struct exchange *exchange;
	struct http *http = NULL;
	int ret = -1;

	if ((exchange = make(asking->settings, error)) == NULL)
		return -1;
	if (http_library_init() == 0)
		http = http_new(asking->settings, error);
	error_set(error, "the HTTP library does not start");
	if (http != NULL) {
		error_clear(error);
		http_perform(http, exchange,
		    (int64_t)asking->settings->total_timeout * 1000);
		ret = tell(exchange, out, error);
	}
	http_free(http);
	exchange_free(exchange);
	return ret;
}

static int
take(void *context, const struct json *line, struct error *error)
{
	struct asking *asking = context;
	const char *date;

	if (asking->seconds != 0 ||
	    json_find_string(line, "date", &date) != JSON_FOUND ||
	    (asking->seconds = retry_after_read(date, 0)) <= 0)
		return child_lines_are_odd(error);
	return 0;
}

int
authgear_time(const struct settings *settings, int64_t *seconds_out,
    struct error *error)
{
	struct asking asking = { settings, 0 };
	const struct child child = {
		.state = settings->state,
		.what = "",
		.silence_ms = (int64_t)settings->total_timeout * 1000,
		.context = &asking,
		.work = work,
		.take = take
	};

	if (child_run(&child, error) == -1)
		return -1;
	*seconds_out = asking.seconds;
	return asking.seconds != 0 ? 0 : child_lines_are_odd(error);
}
