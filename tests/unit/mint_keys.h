#ifndef TESTS_UNIT_MINT_KEYS_H_
#define TESTS_UNIT_MINT_KEYS_H_

#include "mint.h"

/* The stored key pairs, as PEM (PKCS #8). */
extern const char *const mint_keys_pem[MINT_PAIRS];

#endif /* !TESTS_UNIT_MINT_KEYS_H_ */
