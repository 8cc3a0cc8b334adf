#include "sim.h"

#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
string_of(const json_t *body, const char *name, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(body, name));

	return text != NULL ? text : otherwise;
}

static json_t *
user_claims(const struct sim *sim, const json_t *body, int64_t now,
    int64_t lifetime)
{
	const json_t *roles = json_object_get(body, "roles");
	char jti[65], sub[37];

	sim_random_hex(jti, 64);
	sim_uuid(sub);
	return json_pack("{s:[s], s:I, s:s, s:I, s:b, s:b, s:b, s:o, s:I, s:s,"
	    " s:s, s:s, s:s}",
	    "aud", sim->origin,
	    "auth_time", (json_int_t)now,
	    "client_id", string_of(body, "client_id", "jwtclient"),
	    "exp", (json_int_t)(now + lifetime),
	    "https://authgear.com/claims/user/can_reauthenticate", 1,
	    "https://authgear.com/claims/user/is_anonymous", 0,
	    "https://authgear.com/claims/user/is_verified", 1,
	    "https://authgear.com/claims/user/roles",
	    roles != NULL ? json_deep_copy(roles) : json_array(),
	    "iat", (json_int_t)now,
	    "iss", sim->origin,
	    "jti", jti,
	    "scope", string_of(body, "scope", "openid offline_access "
	    "https://authgear.com/scopes/full-access"),
	    "sub", string_of(body, "sub", sub));
}

static json_t *
m2m_claims(const struct sim *sim, const json_t *body, int64_t now,
    int64_t lifetime)
{
	const char *client = string_of(body, "client_id", "m2mclient");
	char jti[65];

	sim_random_hex(jti, 64);
	return json_pack("{s:[s], s:s, s:I, s:I, s:s, s:s, s:s, s:o}",
	    "aud", string_of(body, "resource", "https://mail.example/api"),
	    "client_id", client,
	    "exp", (json_int_t)(now + lifetime),
	    "iat", (json_int_t)now,
	    "iss", sim->origin,
	    "jti", jti,
	    "scope", string_of(body, "scope", "read:mail"),
	    "sub", json_sprintf("client_id_%s", client));
}

static json_t *
id_claims(const struct sim *sim, const json_t *body, int64_t now,
    int64_t lifetime)
{
	char sub[37], session[80];
	char grant[37];
	json_t *claims;
	char *sid;

	sim_uuid(sub);
	sim_uuid(grant);
	snprintf(session, sizeof(session), "offline_grant:%s", grant);
	sid = sim_base64url((const unsigned char *)session, strlen(session));
	claims = json_pack("{s:[s], s:I, s:I, s:b, s:b, s:b, s:[], s:I, s:s,"
	    " s:s, s:s}",
	    "aud", string_of(body, "client_id", "jwtclient"),
	    "auth_time", (json_int_t)now,
	    "exp", (json_int_t)(now + lifetime),
	    "https://authgear.com/claims/user/can_reauthenticate", 1,
	    "https://authgear.com/claims/user/is_anonymous", 0,
	    "https://authgear.com/claims/user/is_verified", 1,
	    "https://authgear.com/claims/user/roles",
	    "iat", (json_int_t)now,
	    "iss", sim->origin,
	    "sid", sid,
	    "sub", string_of(body, "sub", sub));
	free(sid);
	return claims;
}

static void
change(json_t *object, const json_t *changes, const json_t *drops)
{
	const json_t *drop;
	json_t *copy;
	size_t i;

	if (changes != NULL) {
		copy = json_deep_copy(changes);
		json_object_update(object, copy);
		json_decref(copy);
	}
	json_array_foreach(drops, i, drop)
		json_object_del(object, json_string_value(drop));
}

static unsigned char *
public_bytes(EVP_PKEY *pair, const char *form, size_t *len)
{
	unsigned char *bytes = NULL;
	json_t *jwk;
	BIO *bio;
	char *text;
	long n;

	if (strcmp(form, "der") == 0) {
		*len = (size_t)i2d_PUBKEY(pair, &bytes);
		return bytes;
	}
	if (strcmp(form, "jwk") == 0) {
		jwk = sim_key_public(pair);
		json_object_set_new(jwk, "kty", json_string("RSA"));
		bytes = (unsigned char *)json_dumps(jwk, JSON_COMPACT);
		json_decref(jwk);
		*len = strlen((char *)bytes);
		return bytes;
	}
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PUBKEY(bio, pair);
	n = BIO_get_mem_data(bio, &text);
	bytes = malloc((size_t)n);
	memcpy(bytes, text, (size_t)n);
	*len = (size_t)n;
	BIO_free(bio);
	return bytes;
}

static size_t
sign_hmac(EVP_PKEY *pair, const char *alg, const char *input,
    unsigned char *out)
{
	unsigned char *key;
	unsigned int len = 0;
	size_t key_len;

	key = public_bytes(pair, strlen(alg) > 6 ? alg + 6 : "pem", &key_len);
	HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)input,
	    strlen(input), out, &len);
	free(key);
	return len;
}

static size_t
sign_pair(EVP_PKEY *pair, const char *alg, const char *input,
    unsigned char *out)
{
	const EVP_MD *md = strstr(alg, "512") ? EVP_sha512() :
	    strstr(alg, "384") ? EVP_sha384() : EVP_sha256();
	EVP_PKEY *curve = NULL;
	EVP_PKEY_CTX *ctx = NULL;
	EVP_MD_CTX *md_ctx = EVP_MD_CTX_new();
	size_t len = 1024;

	if (strncmp(alg, "ES", 2) == 0)
		pair = curve = EVP_EC_gen("P-256");
	if (EVP_DigestSignInit(md_ctx, &ctx, md, NULL, pair) != 1)
		len = 0;
	if (len > 0 && strncmp(alg, "PS", 2) == 0)
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING);
	if (len > 0 && EVP_DigestSign(md_ctx, out, &len,
	    (const unsigned char *)input, strlen(input)) != 1)
		len = 0;
	EVP_MD_CTX_free(md_ctx);
	EVP_PKEY_free(curve);
	return len;
}

static char *
encoded(const char *text)
{
	return sim_base64url((const unsigned char *)text, strlen(text));
}

/* Another one of the alphabet. */
static void
change_character(char *character)
{
	*character = *character == 'A' ? 'B' : 'A';
}

/* header "." payload "." signature */
static char *
assemble(EVP_PKEY *pair, const char *alg, const char *header_text,
    const char *payload_text, const char *tamper)
{
	unsigned char signature[2048];
	char *header = encoded(header_text);
	char *payload = encoded(payload_text);
	char *input = NULL, *third, *token = NULL;
	size_t len = 0;

	if (asprintf(&input, "%s.%s", header, payload) == -1)
		abort();
	if (strncmp(alg, "HS", 2) == 0)
		len = sign_hmac(pair, alg, input, signature);
	else if (strcmp(alg, "none") != 0)
		len = sign_pair(pair, alg, input, signature);
	if (strcmp(tamper, "signature") == 0 && len > 0)
		signature[len / 2] ^= 1;
	third = sim_base64url(signature, len);
	if (strcmp(tamper, "payload") == 0)
		change_character(&payload[strlen(payload) / 2]);
	if (strcmp(tamper, "header") == 0)
		change_character(&header[strlen(header) / 2]);
	if (asprintf(&token, "%s.%s.%s", header, payload, third) == -1)
		abort();
	free(header);
	free(payload);
	free(input);
	free(third);
	return token;
}

static json_t *
mint_claims(struct sim *sim, const json_t *body, const char **why)
{
	const char *kind = string_of(body, "kind", "user");
	const json_t *number = json_object_get(body, "lifetime");
	int64_t lifetime = number ? json_integer_value(number) : 300;
	int64_t now = sim_now(sim) +
	    json_integer_value(json_object_get(body, "clock_offset"));
	json_t *claims;

	if (strcmp(kind, "user") == 0)
		claims = user_claims(sim, body, now, lifetime);
	else if (strcmp(kind, "m2m") == 0)
		claims = m2m_claims(sim, body, now, lifetime);
	else if (strcmp(kind, "id") == 0)
		claims = id_claims(sim, body, now, lifetime);
	else {
		*why = "kind must be user, m2m or id";
		return NULL;
	}
	change(claims, json_object_get(body, "claims"),
	    json_object_get(body, "drop"));
	return claims;
}

static json_t *
mint_one(struct sim *sim, const json_t *body, const char **why)
{
	const char *alg = string_of(body, "alg", "RS256");
	const char *raw = string_of(body, "raw_payload", NULL);
	int is_id = strcmp(string_of(body, "kind", "user"), "id") == 0;
	json_t *claims, *header;
	char *header_text, *payload_text, *token;
	EVP_PKEY *pair;
	char kid[37];

	pair = sim_keys_get(&sim->keys, string_of(body, "key", NULL), kid);
	if (pair == NULL) {
		*why = "no such key";
		return NULL;
	}
	if ((claims = mint_claims(sim, body, why)) == NULL) {
		EVP_PKEY_free(pair);
		return NULL;
	}
	header = json_pack("{s:s#, s:s, s:s}", "alg", alg,
	    strncmp(alg, "HS", 2) == 0 ? 5 : (int)strlen(alg), "kid", kid,
	    "typ", is_id ? "JWT" : "at+jwt");
	change(header, json_object_get(body, "header"),
	    json_object_get(body, "drop_header"));
	header_text = json_dumps(header, JSON_COMPACT);
	payload_text = raw != NULL ? strdup(raw) :
	    json_dumps(claims, JSON_COMPACT | JSON_SORT_KEYS);
	token = assemble(pair, alg, header_text, payload_text,
	    string_of(body, "tamper", ""));
	free(header_text);
	free(payload_text);
	json_decref(header);
	EVP_PKEY_free(pair);
	header = json_pack("{s:s, s:o, s:s}", "token", token, "claims",
	    claims, "kid", kid);
	free(token);
	return header;
}

json_t *
sim_mint(struct sim *sim, const json_t *body, const char **why)
{
	json_int_t count = json_integer_value(json_object_get(body, "count"));
	json_t *tokens, *one;
	json_int_t i;

	if (count == 0)
		return mint_one(sim, body, why);
	if (count < 0 || count > 10000) {
		*why = "count must be 1 to 10000";
		return NULL;
	}
	tokens = json_array();
	for (i = 0; i < count; i++) {
		if ((one = mint_one(sim, body, why)) == NULL) {
			json_decref(tokens);
			return NULL;
		}
		json_array_append(tokens, json_object_get(one, "token"));
		json_decref(one);
	}
	return json_pack("{s:o}", "tokens", tokens);
}
