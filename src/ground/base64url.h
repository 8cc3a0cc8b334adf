#ifndef BASE64URL_H_
#define BASE64URL_H_

#include <stddef.h>

/*
 * base64url without padding (RFC 7515 section 2, RFC 4648 section 5),
 * strictly: no other byte, no impossible length, the unused bits of the last
 * character zero; so every byte string has exactly one text.
 * No state: any thread.
 */

/* Greatest decoded length of `len` characters. */
size_t base64url_decoded_max(size_t len);

/*
 * Decode `len` characters into `out`, which holds `out_size` bytes.  Answers
 * 0 and the length in *out_len, or -1 (out untouched beyond use) if the text
 * is not canonical or out is too small.  Empty text gives 0 bytes.
 */
int base64url_decode(const char *text, size_t len, unsigned char *out,
    size_t out_size, size_t *out_len);

#endif /* !BASE64URL_H_ */
