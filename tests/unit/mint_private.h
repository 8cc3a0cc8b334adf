#ifndef TESTS_UNIT_MINT_PRIVATE_H_
#define TESTS_UNIT_MINT_PRIVATE_H_

#include "mint.h"

/* Shared by mint.c and mint_sign.c alone. */

struct evp_pkey_st;

struct mint_key {
	struct evp_pkey_st *pkey;
};

/* Ends the program if `holds` is 0. */
void mint_must(int holds, const char *what);

#endif /* !TESTS_UNIT_MINT_PRIVATE_H_ */
