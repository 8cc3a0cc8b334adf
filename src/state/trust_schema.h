#ifndef TRUST_SCHEMA_H_
#define TRUST_SCHEMA_H_

#include "state/database.h"

/* The tables of trust.db; shared by trust*.c alone.  Threads: no state, any
 * thread. */

#define TRUST_SCHEMA 3		/* what this release writes */
#define TRUST_SCHEMA_OLDEST 1	/* what it reads, until init migrates */

const struct database_schema *trust_schema(void);

/*
 * The value of a token is its jti or the SHA-256 of its text, both 64
 * lower-case hex digits at Authgear: such a value is kept as its 32 bytes,
 * any other as the text it is.
 */
#define TRUST_BYTES_SIZE 32

/* 1 and the bytes, 0 if the text is not of this shape. */
int trust_schema_bytes_of(const char *text,
    unsigned char bytes[TRUST_BYTES_SIZE]);

#endif /* !TRUST_SCHEMA_H_ */
