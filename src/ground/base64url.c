#include "ground/base64url.h"

#include <string.h>

/* The value of a character and 1; 0: not of the alphabet. */
static const unsigned char values[256] = {
	['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6,
	['G'] = 7, ['H'] = 8, ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12,
	['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17,
	['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22,
	['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27,
	['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
	['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37,
	['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
	['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47,
	['v'] = 48, ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52,
	['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56, ['4'] = 57,
	['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62,
	['-'] = 63, ['_'] = 64,
};

size_t
base64url_decoded_max(size_t len)
{
	return len / 4 * 3 + 2;
}

/* Four characters, none of which may be foreign, are three bytes. */
static int
decode_four(const unsigned char *text, unsigned char *out)
{
	unsigned int a = values[text[0]], b = values[text[1]];
	unsigned int c = values[text[2]], d = values[text[3]];
	unsigned int bits;

	if (a == 0 || b == 0 || c == 0 || d == 0)
		return -1;
	bits = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
	out[0] = (unsigned char)(bits >> 16);
	out[1] = (unsigned char)(bits >> 8);
	out[2] = (unsigned char)bits;
	return 0;
}

int
base64url_decode(const char *text, size_t len, unsigned char *out,
    size_t out_size, size_t *out_len)
{
	unsigned char last[4] = { 'A', 'A', 'A', 'A' };
	unsigned char three[3];
	size_t whole = len / 4, rest = len % 4;
	size_t tail = rest > 0 ? rest - 1 : 0;
	size_t i;

	*out_len = 0;
	if (rest == 1 || whole > out_size / 3 ||
	    out_size - whole * 3 < tail)
		return -1;
	for (i = 0; i < whole; i++) {
		if (decode_four((const unsigned char *)text + 4 * i,
		    out + 3 * i) == -1)
			return -1;
	}
	if (rest > 0) {
		memcpy(last, text + 4 * whole, rest);
		if (decode_four(last, three) == -1)
			return -1;
		/* what is left of the last character must be zero bits */
		for (i = tail; i < 3; i++) {
			if (three[i] != 0)
				return -1;
		}
		memcpy(out + 3 * whole, three, tail);
	}
	*out_len = whole * 3 + tail;
	return 0;
}
