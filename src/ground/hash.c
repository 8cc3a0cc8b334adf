#include "ground/hash.h"

#include <openssl/evp.h>

int
hash_hex(const void *data, size_t len, char hex[HASH_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int digest_len = 0;
	unsigned int i;

	hex[0] = '\0';
	if (EVP_Digest(data, len, digest, &digest_len, EVP_sha256(), NULL) != 1)
		return -1;
	if (digest_len * 2 + 1 != HASH_HEX_SIZE)
		return -1;
	for (i = 0; i < digest_len; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 0xf];
	}
	hex[2 * i] = '\0';
	return 0;
}
