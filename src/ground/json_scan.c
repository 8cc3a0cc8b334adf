#include "ground/json_scan.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int
is_digit(const char *at, const char *end)
{
	return at < end && *at >= '0' && *at <= '9';
}

/* Bytes of the UTF-8 character there; 0 if it is none (RFC 3629). */
static size_t
utf8_length(const unsigned char *at, size_t left)
{
	unsigned char least = 0x80, most = 0xbf;
	size_t len, i;

	if (at[0] < 0x80)
		return 1;
	if (at[0] < 0xc2 || at[0] > 0xf4)
		return 0;
	len = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	/* nothing longer than it must be, no surrogate, none over 10FFFF */
	if (at[0] == 0xe0)
		least = 0xa0;
	else if (at[0] == 0xed)
		most = 0x9f;
	else if (at[0] == 0xf0)
		least = 0x90;
	else if (at[0] == 0xf4)
		most = 0x8f;
	if (left < len || at[1] < least || at[1] > most)
		return 0;
	for (i = 2; i < len; i++)
		if (at[i] < 0x80 || at[i] > 0xbf)
			return 0;
	return len;
}

int
json_scan_is_utf8(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t left = strlen(text), len;

	for (; left > 0; left -= len) {
		if ((len = utf8_length(at, left)) == 0)
			return 0;
		at += len;
	}
	return 1;
}

static char *
put_utf8(char *out, unsigned long code)
{
	if (code < 0x80) {
		*out++ = (char)code;
		return out;
	}
	if (code < 0x800) {
		*out++ = (char)(0xc0 | code >> 6);
	} else {
		if (code < 0x10000) {
			*out++ = (char)(0xe0 | code >> 12);
		} else {
			*out++ = (char)(0xf0 | code >> 18);
			*out++ = (char)(0x80 | (code >> 12 & 0x3f));
		}
		*out++ = (char)(0x80 | (code >> 6 & 0x3f));
	}
	*out++ = (char)(0x80 | (code & 0x3f));
	return out;
}

/* The four digits behind \u, 0 (no character of ours) if they are none. */
static unsigned long
read_hex(const char *at, const char *end)
{
	unsigned long code = 0;
	int i;

	if (end - at < 4)
		return 0;
	for (i = 0; i < 4; i++) {
		code <<= 4;
		if (at[i] >= '0' && at[i] <= '9')
			code |= (unsigned long)(at[i] - '0');
		else if (at[i] >= 'a' && at[i] <= 'f')
			code |= (unsigned long)(at[i] - 'a' + 10);
		else if (at[i] >= 'A' && at[i] <= 'F')
			code |= (unsigned long)(at[i] - 'A' + 10);
		else
			return 0;
	}
	return code;
}

/* Behind \u; a character beyond FFFF is two of them. */
static int
read_unicode(const char **at, const char *end, char **out)
{
	unsigned long code = read_hex(*at, end), low;

	if (code == 0 || (code >= 0xdc00 && code <= 0xdfff))
		return -1;
	*at += 4;
	if (code >= 0xd800 && code <= 0xdbff) {
		if (end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
			return -1;
		low = read_hex(*at + 2, end);
		if (low < 0xdc00 || low > 0xdfff)
			return -1;
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		*at += 6;
	}
	*out = put_utf8(*out, code);
	return 0;
}

/* Behind the backslash. */
static int
read_escape(const char **at, const char *end, char **out)
{
	static const char names[] = "\"\\/bfnrt";
	static const char bytes[] = "\"\\/\b\f\n\r\t";
	const char *name;

	if (*at == end || **at == '\0')
		return -1;
	if (**at == 'u') {
		(*at)++;
		return read_unicode(at, end, out);
	}
	if ((name = strchr(names, **at)) == NULL)
		return -1;
	(*at)++;
	*(*out)++ = bytes[name - names];
	return 0;
}

int
json_scan_string(const char **at, const char *end, char *scratch,
    size_t *len_out)
{
	const char *p = *at + 1;
	char *out = scratch;
	size_t len;

	while (p < end && *p != '"') {
		if (*p == '\\') {
			p++;
			if (read_escape(&p, end, &out) == -1)
				return -1;
			continue;
		}
		len = utf8_length((const unsigned char *)p,
		    (size_t)(end - p));
		if (len == 0 || (unsigned char)*p < 0x20)
			return -1;
		memcpy(out, p, len);
		out += len;
		p += len;
	}
	if (p == end)
		return -1;
	*out = '\0';
	*len_out = (size_t)(out - scratch);
	*at = p + 1;
	return 0;
}

/* Where the number ends; NULL if it is none. */
static const char *
end_of_number(const char *p, const char *end, int *is_real)
{
	*is_real = 0;
	if (p < end && *p == '-')
		p++;
	if (!is_digit(p, end))
		return NULL;
	if (*p == '0' && is_digit(p + 1, end))
		return NULL;
	while (is_digit(p, end))
		p++;
	if (p < end && *p == '.') {
		*is_real = 1;
		if (!is_digit(++p, end))
			return NULL;
		while (is_digit(p, end))
			p++;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		*is_real = 1;
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		if (!is_digit(p, end))
			return NULL;
		while (is_digit(p, end))
			p++;
	}
	return p;
}

/* strtod() goes by the locale of the process. */
static double
read_real(char *text)
{
	const char *const locale_point = localeconv()->decimal_point;
	char *point = strchr(text, '.');

	if (point != NULL && locale_point[0] != '\0')
		*point = locale_point[0];
	return strtod(text, NULL);
}

enum json_scan
json_scan_number(const char **at, const char *end, char *scratch,
    int64_t *integer_out, double *real_out)
{
	const char *start = *at, *behind;
	const int before = errno;
	int is_real, is_large;

	*integer_out = 0;
	*real_out = 0;
	if ((behind = end_of_number(start, end, &is_real)) == NULL)
		return JSON_SCAN_NONE;
	memcpy(scratch, start, (size_t)(behind - start));
	scratch[behind - start] = '\0';
	*at = behind;
	if (is_real) {
		*real_out = read_real(scratch);
		errno = before;
		return isinf(*real_out) ? JSON_SCAN_ENDLESS : JSON_SCAN_REAL;
	}
	errno = 0;
	*integer_out = strtoll(scratch, NULL, 10);
	is_large = errno == ERANGE;
	errno = before;
	return is_large ? JSON_SCAN_LARGE : JSON_SCAN_INTEGER;
}
