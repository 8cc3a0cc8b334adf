#include "base64url.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	if (c == '_')
		return 63;
	return -1;
}

size_t
base64url_decoded_max(size_t len)
{
	return len / 4 * 3 + 2;
}

int
base64url_decode(const char *text, size_t len, unsigned char *out,
    size_t out_size, size_t *out_len)
{
	unsigned int bits = 0;
	unsigned int held = 0;
	size_t n = 0;
	size_t i;
	int value;

	*out_len = 0;
	if (len % 4 == 1)
		return -1;
	for (i = 0; i < len; i++) {
		if ((value = value_of(text[i])) == -1)
			return -1;
		bits = (bits << 6 | (unsigned int)value) & 0xffff;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		if (n == out_size)
			return -1;
		out[n++] = (unsigned char)(bits >> held);
	}
	if ((bits & ((1u << held) - 1)) != 0)
		return -1;
	*out_len = n;
	return 0;
}

int
base64url_encode(const unsigned char *data, size_t len, char *out,
    size_t out_size)
{
	unsigned int bits = 0;
	unsigned int held = 0;
	size_t n = 0;
	size_t i;

	if (len > (out_size - 1) / 4 * 3 + 2 || out_size == 0 ||
	    out_size <= (len * 4 + 2) / 3)
		return -1;
	for (i = 0; i < len; i++) {
		bits = (bits << 8 | data[i]) & 0xffff;
		for (held += 8; held >= 6; ) {
			held -= 6;
			out[n++] = alphabet[bits >> held & 0x3f];
		}
	}
	if (held > 0)
		out[n++] = alphabet[bits << (6 - held) & 0x3f];
	out[n] = '\0';
	return 0;
}
