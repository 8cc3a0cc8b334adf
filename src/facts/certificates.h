#ifndef CERTIFICATES_H_
#define CERTIFICATES_H_

#include <stddef.h>

#include "ground/error.h"

/*
 * A file of certificates in PEM, as the TLS library will read it.
 * No state: any thread.
 */

#define CERTIFICATES_MAX_FILE (8 * 1024 * 1024)	/* bytes */

/* 0 if there is at least one certificate and each one can be read; else -1 and
 * the reason.  Other things of PEM, and text between them, are passed over. */
int certificates_check(const char *pem, size_t len, struct error *error);

#endif /* !CERTIFICATES_H_ */
