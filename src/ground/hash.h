#ifndef HASH_H_
#define HASH_H_

#include <stddef.h>

#define HASH_HEX_SIZE 65	/* 64 lower-case hex digits and NUL */

/*
 * SHA-256 as lower-case hex (FIPS 180-4, OpenSSL EVP).  0, or -1 when
 * OpenSSL fails (memory); hex is then "".  No state: any thread.
 */
int hash_hex(const void *data, size_t len, char hex[HASH_HEX_SIZE]);

#endif /* !HASH_H_ */
