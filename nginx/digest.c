#include "nginx/digest.h"

#include <sys/random.h>

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

struct digest {
	EVP_MD *kind;
	EVP_MD_CTX *context;
	unsigned char secret[DIGEST_SIZE];
};

struct digest *
digest_new(void)
{
	struct digest *digest = calloc(1, sizeof(*digest));

	if (digest == NULL)
		return NULL;
	digest->kind = EVP_MD_fetch(NULL, "SHA256", NULL);
	digest->context = EVP_MD_CTX_new();
	if (digest->kind == NULL || digest->context == NULL ||
	    getrandom(digest->secret, sizeof(digest->secret), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(digest->secret)) {
		digest_free(digest);
		return NULL;
	}
	return digest;
}

void
digest_free(struct digest *digest)
{
	if (digest == NULL)
		return;
	EVP_MD_CTX_free(digest->context);
	EVP_MD_free(digest->kind);
	explicit_bzero(digest->secret, sizeof(digest->secret));
	free(digest);
}

int
digest_parts(struct digest *digest, const struct digest_part *parts,
    size_t count, unsigned char out[DIGEST_SIZE])
{
	EVP_MD_CTX *context = digest->context;
	unsigned int len = 0;
	size_t i;

	if (EVP_DigestInit_ex2(context, digest->kind, NULL) != 1 ||
	    EVP_DigestUpdate(context, digest->secret,
	    sizeof(digest->secret)) != 1)
		return -1;
	for (i = 0; i < count; i++)
		if (EVP_DigestUpdate(context, &parts[i].len,
		    sizeof(parts[i].len)) != 1 ||
		    EVP_DigestUpdate(context, parts[i].data,
		    parts[i].len) != 1)
			return -1;
	return EVP_DigestFinal_ex(context, out, &len) == 1 &&
	    len == DIGEST_SIZE ? 0 : -1;
}
