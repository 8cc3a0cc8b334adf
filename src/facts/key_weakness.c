#include "facts/key_weakness.h"

#include <stddef.h>

#define MIN_BITS 2048
#define MAX_BITS 8192

/* Is it a power of 65537, by this prime? */
static int
is_power(BN_ULONG rest, BN_ULONG prime)
{
	BN_ULONG power = 1;

	do {
		if (power == rest)
			return 1;
		power = power * 65537 % prime;
	} while (power != 1);
	return 0;
}

/*
 * The primes of such keys are k * M + (65537^a mod M), M being the product of
 * the first primes: 126 of them for 2048 bits, more for longer ones.  So the
 * modulus is a power of 65537 by each of the first 71.  (By 3 or 5 every
 * number is one.)
 */
static int
is_roca(const BIGNUM *modulus)
{
	static const unsigned short primes[] = { 3, 5, 7, 11, 13, 17, 19,
	    23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89,
	    97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157,
	    163, 167, 173, 179, 181, 191, 193, 197, 199, 211, 223, 227, 229,
	    233, 239, 241, 251, 257, 263, 269, 271, 277, 281, 283, 293, 307,
	    311, 313, 317, 331, 337, 347, 349, 353 };
	BN_ULONG rest;
	size_t i;

	for (i = 0; i < sizeof(primes) / sizeof(primes[0]); i++) {
		rest = BN_mod_word(modulus, primes[i]);
		if (!is_power(rest, primes[i]))
			return 0;
	}
	return 1;
}

const char *
key_weakness(const BIGNUM *modulus, const BIGNUM *exponent)
{
	const int bits = BN_num_bits(modulus);

	if (bits < MIN_BITS)
		return "it is weak: shorter than 2048 bits";
	if (bits > MAX_BITS)
		return "it is longer than 8192 bits";
	if (!BN_is_odd(modulus))
		return "it is weak: its n is even";
	if (!BN_is_odd(exponent) || BN_is_one(exponent))
		return "it is weak: its e is even or below 3";
	return is_roca(modulus) ? "it is weak: of the kind that ROCA factors "
	    "(CVE-2017-15361)" : NULL;
}
