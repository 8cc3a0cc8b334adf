#ifndef STATUS_BYTES_H_
#define STATUS_BYTES_H_

#include <stddef.h>

/* Hex and UUIDs as bytes, as rows keep them.  Shared by status*.c alone.
 * Threads: no state, any thread. */

#define STATUS_HASH_BYTES 32	/* of a SHA-256 */

/* `len` bytes of lower-case hex; 0, or -1 if it is none. */
int status_bytes_of_hex(const char *hex, unsigned char *bytes, size_t len);

/* 2 * len digits and a NUL. */
void status_bytes_to_hex(const unsigned char *bytes, size_t len, char *hex);

/*
 * Authgear's user IDs are UUIDs: kept as bytes, and as text only if that is not
 * one in lower case with its hyphens (RFC 9562, 4), of which -1 tells.
 */
#define STATUS_UUID_LEN 36
#define STATUS_UUID_BYTES 16
int status_bytes_of_uuid(const char *text,
    unsigned char bytes[STATUS_UUID_BYTES]);
void status_bytes_to_uuid(const unsigned char *bytes,
    char text[STATUS_UUID_LEN + 1]);

#endif /* !STATUS_BYTES_H_ */
