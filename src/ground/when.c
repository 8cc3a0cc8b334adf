#include "ground/when.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define LAST INT64_C(253402300799)	/* 9999-12-31T23:59:59Z */

/* Up to `digits` digits at *at, moved on; -1 if there are fewer than one. */
static int64_t
number(const char **at, int digits)
{
	int64_t value = -1;

	while (digits-- > 0 && **at >= '0' && **at <= '9') {
		value = (value < 0 ? 0 : value * 10) + (**at - '0');
		(*at)++;
	}
	return value;
}

/* Exactly `digits` digits and, unless NUL, the byte behind them. */
static int
field(const char **at, int digits, char behind, int *value_out)
{
	const char *begin = *at;

	*value_out = (int)number(at, digits);
	if (*at - begin != digits)
		return -1;
	if (behind == '\0')
		return 0;
	return *(*at)++ == behind ? 0 : -1;
}

static int
zone(const char *at, int *offset_out)
{
	int sign = *at == '-' ? -1 : 1, hours, minutes;

	*offset_out = 0;
	if (strcmp(at, "Z") == 0 || strcmp(at, "z") == 0)
		return 0;
	if (*at != '+' && *at != '-')
		return -1;
	at++;
	if (field(&at, 2, ':', &hours) == -1 ||
	    field(&at, 2, '\0', &minutes) == -1 || *at != '\0' ||
	    hours > 23 || minutes > 59)
		return -1;
	*offset_out = sign * (hours * 3600 + minutes * 60);
	return 0;
}

static int
parse_date(const char *at, int64_t *seconds_out)
{
	struct tm tm, again;
	int offset;
	time_t seconds;

	memset(&tm, 0, sizeof(tm));
	if (field(&at, 4, '-', &tm.tm_year) == -1 ||
	    field(&at, 2, '-', &tm.tm_mon) == -1 ||
	    field(&at, 2, '\0', &tm.tm_mday) == -1 ||
	    strchr("Tt ", *at) == NULL || *at++ == '\0' ||
	    field(&at, 2, ':', &tm.tm_hour) == -1 ||
	    field(&at, 2, ':', &tm.tm_min) == -1 ||
	    field(&at, 2, '\0', &tm.tm_sec) == -1)
		return -1;
	if (*at == '.') {
		at++;
		if (number(&at, 9) < 0)
			return -1;
	}
	if (zone(at, &offset) == -1)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	again = tm;
	seconds = timegm(&again);
	/* the 30th of February would have become another day */
	if (again.tm_mon != tm.tm_mon || again.tm_mday != tm.tm_mday ||
	    again.tm_hour != tm.tm_hour || again.tm_min != tm.tm_min ||
	    again.tm_sec != tm.tm_sec)
		return -1;
	*seconds_out = (int64_t)seconds - offset;
	return 0;
}

static int
parse_relative(const char *at, int64_t now, int64_t *seconds_out)
{
	static const char letters[] = "smhdw";
	static const int units[] = { 1, 60, 3600, 86400, 604800 };
	const char *letter;
	int sign = *at++ == '-' ? -1 : 1;
	int64_t count = number(&at, 6);

	if (count < 0 || *at == '\0' || at[1] != '\0')
		return -1;
	letter = strchr(letters, *at);
	if (letter == NULL)
		return -1;
	*seconds_out = now + sign * count * units[letter - letters];
	return 0;
}

int
when_parse(const char *text, int64_t now, int64_t *seconds_out)
{
	const char *at = text;
	int64_t seconds = now;
	int ret = 0;

	*seconds_out = -1;
	if (*text == '+' || *text == '-') {
		ret = parse_relative(text, now, &seconds);
	} else if (strcmp(text, "now") != 0) {
		seconds = number(&at, 12);
		if (seconds < 0 || *at != '\0')
			ret = parse_date(text, &seconds);
	}
	if (ret == -1 || seconds < 0 || seconds > LAST)
		return -1;
	*seconds_out = seconds;
	return 0;
}

void
when_print(int64_t seconds, char text[WHEN_SIZE])
{
	time_t time = (time_t)seconds;
	struct tm tm;

	(void)snprintf(text, WHEN_SIZE, "-");
	if (seconds < 0 || seconds > LAST || gmtime_r(&time, &tm) == NULL)
		return;
	(void)strftime(text, WHEN_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
