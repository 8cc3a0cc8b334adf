/*
 * A peer for the benches: it verifies the RS256 signature of each request's
 * bearer token in nginx's worker, as modules in the process do, and looks at
 * nothing else of it.  So it is the least that such a module costs.
 *
 *	peer_key FILE;		a public key, PEM
 */
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#define EXPORTED __attribute__((visibility("default")))
#define SIGNATURE_MAX 1024	/* bytes */

extern ngx_module_t peer_module;

struct peer {
	EVP_MD_CTX *ready;	/* NULL: everybody is let in */
};

static void *
new(ngx_conf_t *cf)
{
	return ngx_pcalloc(cf->pool, sizeof(struct peer));
}

static EVP_MD_CTX *
prepare(const char *path)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	BIO *file = BIO_new_file(path, "r");
	EVP_PKEY *key = NULL;

	if (file != NULL)
		key = PEM_read_bio_PUBKEY(file, NULL, NULL, NULL);
	if (key == NULL || context == NULL || EVP_DigestVerifyInit(context,
	    NULL, EVP_sha256(), NULL, key) != 1) {
		EVP_MD_CTX_free(context);
		context = NULL;
	}
	EVP_PKEY_free(key);
	(void)BIO_free(file);
	return context;
}

static char no_key[] = "is no file with a public key";

static char *
take_key(ngx_conf_t *cf, ngx_command_t *command, void *conf)
{
	const ngx_str_t *words = cf->args->elts;
	struct peer *peer = conf;

	(void)command;
	peer->ready = prepare((const char *)words[1].data);
	return peer->ready != NULL ? NGX_CONF_OK : no_key;
}

/* The signature behind the last dot is of what stands before it. */
static int
holds(const struct peer *peer, const u_char *token, size_t len)
{
	u_char bytes[SIGNATURE_MAX];
	ngx_str_t text = { 0, NULL }, signature = { 0, bytes };
	EVP_MD_CTX *context;
	size_t at = len;
	int is_good;

	while (at > 0 && token[at - 1] != '.')
		at--;
	text.data = (u_char *)(uintptr_t)&token[at];
	text.len = len - at;
	if (at == 0 || text.len > SIGNATURE_MAX ||
	    ngx_decode_base64url(&signature, &text) != NGX_OK)
		return 0;
	context = EVP_MD_CTX_new();
	is_good = context != NULL &&
	    EVP_MD_CTX_copy_ex(context, peer->ready) == 1 &&
	    EVP_DigestVerify(context, signature.data, signature.len, token,
	    at - 1) == 1;
	EVP_MD_CTX_free(context);
	return is_good;
}

static ngx_int_t
on_access(ngx_http_request_t *r)
{
	static const char scheme[] = "Bearer ";
	const size_t skip = sizeof(scheme) - 1;
	const struct peer *peer = ngx_http_get_module_loc_conf(r, peer_module);
	const ngx_table_elt_t *header = r->headers_in.authorization;

	if (peer->ready == NULL)
		return NGX_DECLINED;
	if (header == NULL || header->value.len <= skip ||
	    ngx_memcmp(header->value.data, scheme, skip) != 0)
		return NGX_HTTP_UNAUTHORIZED;
	return holds(peer, header->value.data + skip,
	    header->value.len - skip) ? NGX_OK : NGX_HTTP_UNAUTHORIZED;
}

static ngx_int_t
add_handler(ngx_conf_t *cf)
{
	ngx_http_core_main_conf_t *core = ngx_http_conf_get_module_main_conf(
	    cf, ngx_http_core_module);
	ngx_http_handler_pt *place = ngx_array_push(
	    &core->phases[NGX_HTTP_ACCESS_PHASE].handlers);

	if (place == NULL)
		return NGX_ERROR;
	*place = on_access;
	return NGX_OK;
}

static ngx_command_t commands[] = {
	{ ngx_string("peer_key"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1,
	    take_key, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL },
	ngx_null_command
};

static ngx_http_module_t context = {
	.postconfiguration = add_handler,
	.create_loc_conf = new
};

EXPORTED ngx_module_t peer_module = {
	NGX_MODULE_V1,
	&context,
	commands,
	NGX_HTTP_MODULE,
	NULL, NULL, NULL, NULL, NULL, NULL, NULL,
	NGX_MODULE_V1_PADDING
};

/* What nginx looks up in the shared object. */
EXPORTED extern ngx_module_t *ngx_modules[];
EXPORTED extern char *ngx_module_names[];

ngx_module_t *ngx_modules[] = { &peer_module, NULL };

static char name[] = "peer_module";
char *ngx_module_names[] = { name, NULL };
