#ifndef KEY_PRIVATE_H_
#define KEY_PRIVATE_H_

#include <openssl/bn.h>

#include "facts/key.h"

/* Shared by key*.c alone.  The key of this kid and thumbprint; NULL: memory. */
struct key *key_new(const struct key_flaw *name, const BIGNUM *modulus,
    const BIGNUM *exponent);

#endif /* !KEY_PRIVATE_H_ */
