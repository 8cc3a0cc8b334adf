#include "facts/certificates.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

/* A certificate that asks for one is none, and nobody is to be asked. */
static int
no_password(char *text, int size, int rwflag, void *context)
{
	(void)text;
	(void)size;
	(void)rwflag;
	(void)context;
	return -1;
}

int
certificates_check(const char *pem, size_t len, struct error *error)
{
	X509 *certificate;
	BIO *bio = NULL;
	unsigned long code;
	int count = 0, ret = -1;

	if (len == 0 || len > CERTIFICATES_MAX_FILE ||
	    (bio = BIO_new_mem_buf(pem, (int)len)) == NULL) {
		error_set(error, len == 0 ? "is empty" :
		    len > CERTIFICATES_MAX_FILE ? "is too large" :
		    "out of memory");
		goto done;
	}
	while ((certificate = PEM_read_bio_X509_AUX(bio, NULL, no_password,
	    NULL)) != NULL) {
		X509_free(certificate);
		count++;
	}
	code = ERR_peek_last_error();
	if (ERR_GET_LIB(code) != ERR_LIB_PEM ||
	    ERR_GET_REASON(code) != PEM_R_NO_START_LINE)
		error_set(error, "certificate %d in it cannot be read; is the "
		    "file whole?", count + 1);
	else if (count == 0)
		error_set(error, "holds no certificate in PEM (BEGIN "
		    "CERTIFICATE)");
	else
		ret = 0;
done:
	BIO_free(bio);
	ERR_clear_error();
	return ret;
}
