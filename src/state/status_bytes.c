/* Hex and UUIDs as bytes, as rows keep them. */
#include "config.h"

#include "state/status_bytes.h"

#include <stdio.h>
#include <string.h>

static int
nibble(char digit)
{
	return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

int
status_bytes_of_hex(const char *hex, unsigned char *bytes, size_t len)
{
	size_t i;

	if (strspn(hex, "0123456789abcdef") < 2 * len)
		return -1;
	for (i = 0; i < len; i++)
		bytes[i] = (unsigned char)(nibble(hex[2 * i]) << 4 |
		    nibble(hex[2 * i + 1]));
	return 0;
}

void
status_bytes_to_hex(const unsigned char *bytes, size_t len, char *hex)
{
	size_t i;

	for (i = 0; i < len; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

/* Where the hyphens of a UUID are, in its text. */
static int
is_hyphen(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

int
status_bytes_of_uuid(const char *text, unsigned char bytes[STATUS_UUID_BYTES])
{
	char hex[2 * STATUS_UUID_BYTES + 1];
	size_t i, len = 0;

	if (strlen(text) != STATUS_UUID_LEN)
		return -1;
	for (i = 0; i < STATUS_UUID_LEN; i++) {
		if (is_hyphen(i) != (text[i] == '-'))
			return -1;
		if (text[i] != '-')
			hex[len++] = text[i];
	}
	hex[len] = '\0';
	return status_bytes_of_hex(hex, bytes, STATUS_UUID_BYTES);
}

void
status_bytes_to_uuid(const unsigned char *bytes, char text[STATUS_UUID_LEN + 1])
{
	char hex[2 * STATUS_UUID_BYTES + 1];
	size_t i, at = 0;

	status_bytes_to_hex(bytes, STATUS_UUID_BYTES, hex);
	for (i = 0; i < STATUS_UUID_LEN; i++) {
		text[i] = '-';
		if (!is_hyphen(i))
			text[i] = hex[at++];
	}
	text[STATUS_UUID_LEN] = '\0';
}
