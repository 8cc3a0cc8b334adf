#ifndef KEY_WEAKNESS_H_
#define KEY_WEAKNESS_H_

#include <openssl/bn.h>

/*
 * Why nobody should rely on an RSA key of these numbers; NULL: nothing is
 * known against it.  Fewer than 2048 bits, more than 8192 (which cost too much
 * to verify), an even modulus, an exponent that is even or below 3; and the
 * class that a smart card library made until 2017 (ROCA, CVE-2017-15361),
 * whose moduli are factored at 2048 bits: of a random one it is said in one
 * of some 10^25 cases.
 */
const char *key_weakness(const BIGNUM *modulus, const BIGNUM *exponent);

#endif /* !KEY_WEAKNESS_H_ */
