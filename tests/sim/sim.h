#ifndef SIM_H_
#define SIM_H_

/*
 * authgear-sim: a local Authgear for tests and the demonstration.  It shares
 * no code with the product, so that a bug cannot agree with itself; the
 * recordings of a real Authgear bind it (tests/e2e/test_sim_*.py).
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <jansson.h>
#include <microhttpd.h>
#include <openssl/evp.h>

#define SIM_MAX_KEYS 16
#define SIM_MAX_FAULTS 16
#define SIM_MAX_REQUESTS 200
#define SIM_MAX_SOCKETS 4096
#define SIM_MAX_BODY ((size_t)1024 * 1024)
#define SIM_MAX_PEM 65536

/* --- keys.c: the key set; the first key signs */
struct sim_key {
	char kid[37];
	int64_t created_at;
	EVP_PKEY *pair;
};
struct sim_keys {
	pthread_mutex_t lock;
	struct sim_key keys[SIM_MAX_KEYS];
	size_t count;
};
int sim_keys_init(struct sim_keys *keys, int64_t now);
void sim_keys_clear(struct sim_keys *keys);
/* A new first key; `keep` 0 drops the others.  kid_out of 37. */
int sim_keys_rotate(struct sim_keys *keys, int keep, int64_t now,
    char *kid_out);
int sim_keys_retire(struct sim_keys *keys, const char *kid);
/* By kid, or the first (kid NULL); a reference to be freed. */
EVP_PKEY *sim_keys_get(struct sim_keys *keys, const char *kid, char *kid_out);
json_t *sim_keys_jwks(struct sim_keys *keys);
json_t *sim_key_public(EVP_PKEY *pair);	/* {"e":..,"n":..} */
char *sim_base64url(const unsigned char *data, size_t len);
void sim_uuid(char out[37]);
void sim_random_hex(char *out, size_t digits);

/* --- faults.c */
enum sim_fault_kind {
	FAULT_NONE, FAULT_DELAY, FAULT_HANG, FAULT_DROP, FAULT_DRIP,
	FAULT_STATUS, FAULT_HUGE, FAULT_MALFORMED, FAULT_EMPTY,
	FAULT_REDIRECT, FAULT_BAD_STATUS_LINE, FAULT_CUT_HEAD,
	FAULT_CUT_BODY, FAULT_DOUBLE_LENGTH, FAULT_WRONG_TYPE,
	/* of the resolver alone */
	FAULT_OUTAGE, FAULT_SILENT, FAULT_INTERNAL, FAULT_LOCK, FAULT_HEADER
};
struct sim_fault {
	char path[256];		/* "*": every document */
	enum sim_fault_kind kind;
	double seconds;
	int status;
	int count;		/* times left; 0: until changed */
	char location[512];
	char header[80];	/* FAULT_HEADER: `copies` of it */
	char value[512];
	int has_value;
	int copies;
	int size;		/* so many letters for its value */
};
struct sim_faults {
	pthread_mutex_t lock;
	struct sim_fault list[SIM_MAX_FAULTS];
	size_t count;
};
/* From the control body; NULL or what is wrong. */
const char *sim_fault_set(struct sim_faults *faults, const json_t *body,
    int tls);
/* The fault for a path, counted down; kind FAULT_NONE if there is none. */
struct sim_fault sim_fault_take(struct sim_faults *faults, const char *path);

struct sim_live;
struct sim {
	char origin[300];
	int tls;
	struct sim_keys keys;
	struct sim_faults faults;
	struct sim_live *live;	/* users and sessions: live.h */
	_Atomic int64_t clock_offset;
	_Atomic int64_t clock_at;	/* 0: it runs */
	_Atomic int stop;
	_Atomic long connections;
	pthread_mutex_t lock;	/* counts, requests, sockets */
	json_t *counts;
	json_t *requests;
	char sockets[SIM_MAX_SOCKETS];	/* by descriptor: 1 if open */
};
int64_t sim_now(const struct sim *sim);
void sim_print_usage(void);

/* --- documents.c: what Authgear serves; NULL: no such path */
int sim_has_document(const char *path);
json_t *sim_document(struct sim *sim, const char *path);

/* --- mint.c: {"token":..} or {"tokens":[..]}; NULL and *why */
json_t *sim_mint(struct sim *sim, const json_t *body, const char **why);

/* --- sign.c: the compact form, to be freed; NULL and *why.  `alg` and
 * `tamper` ("" for none) as in --help. */
char *sim_sign(EVP_PKEY *pair, const char *alg, const char *header,
    const char *payload, const char *tamper, const char **why);

/* --- control.c: /_sim/...; the JSON answer, *status 200 or an error's */
json_t *sim_control(struct sim *sim, const char *path, const char *body,
    size_t len, int own_fd, int *status);

/* --- serve.c: callbacks of libmicrohttpd, context the struct sim */
void sim_on_connection(void *context, struct MHD_Connection *connection,
    void **socket_context, enum MHD_ConnectionNotificationCode code);
enum MHD_Result sim_on_request(void *context,
    struct MHD_Connection *connection, const char *path, const char *method,
    const char *version, const char *data, size_t *len,
    void **request_context);
void sim_on_completed(void *context, struct MHD_Connection *connection,
    void **request_context, enum MHD_RequestTerminationCode code);
/* End every connection but that of descriptor `but`. */
void sim_shut_connections(struct sim *sim, int but);

#endif /* !SIM_H_ */
