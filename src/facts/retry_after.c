#include "config.h"

#include "facts/retry_after.h"

#include <string.h>
#include <time.h>

#define MAX_DIGITS 9		/* of more all are as good as nines */
#define DATE_LEN 29		/* Sun, 06 Nov 1994 08:49:37 GMT */

static int64_t
number(const char *text, size_t len)
{
	int64_t value = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

/* Which of the names, of three letters each; -1: none. */
static int
name_of(const char *text, const char *names)
{
	int i;

	for (i = 0; names[3 * i] != '\0'; i++)
		if (memcmp(text, names + 3 * i, 3) == 0)
			return i;
	return -1;
}

/* Unix seconds of an IMF-fixdate; -1: it is none. */
static int64_t
date(const char *text)
{
	static const char form[] = "___, __ ___ ____ __:__:__ GMT";
	struct tm tm;
	size_t i;

	if (strlen(text) != DATE_LEN)
		return -1;
	for (i = 0; i < DATE_LEN; i++)
		if (form[i] != '_' && text[i] != form[i])
			return -1;
	memset(&tm, 0, sizeof(tm));
	tm.tm_mday = (int)number(text + 5, 2);
	tm.tm_mon = name_of(text + 8,
	    "JanFebMarAprMayJunJulAugSepOctNovDec");
	tm.tm_year = (int)number(text + 12, 4) - 1900;
	tm.tm_hour = (int)number(text + 17, 2);
	tm.tm_min = (int)number(text + 20, 2);
	tm.tm_sec = (int)number(text + 23, 2);
	if (name_of(text, "SunMonTueWedThuFriSat") == -1 || tm.tm_mon == -1 ||
	    tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_year < 70 ||
	    tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 ||
	    tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 60)
		return -1;
	return timegm(&tm);
}

/* Of digits alone. */
static int64_t
seconds(const char *digits)
{
	digits += strspn(digits, "0");
	return strlen(digits) <= MAX_DIGITS ? number(digits, strlen(digits)) :
	    number("999999999", MAX_DIGITS);
}

int64_t
retry_after_read(const char *value, int64_t wall)
{
	const size_t len = strlen(value);
	int64_t at;

	if (len >= 1 && strspn(value, "0123456789") == len)
		return seconds(value);
	if ((at = date(value)) == -1)
		return -1;
	return at > wall ? at - wall : 0;
}
