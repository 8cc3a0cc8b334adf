#ifndef SIM_LIVE_H_
#define SIM_LIVE_H_

/*
 * What the simulator's resolver knows: users, sessions and the tokens that
 * lead to them, kept as JSON objects by id.  Functions that take struct
 * sim_live want its lock held; those that take struct sim take it.
 *
 * user     {"id", "password", "roles":[..], "anonymous", "verified",
 *          "can_reauthenticate", "disabled", "anonymized", "valid_from",
 *          "valid_until", "disabled_from", "disabled_until"} (times absent:
 *          no limit), "stale": the facts still shown, until "until"
 * session  {"id", "kind":"idp"|"grant", "user_id", "client_id", "scope",
 *          "sso": id of the idp session, "created_at", "last_access",
 *          "authenticated_at", "lifetime", "idle" (0: off), "amr":[..],
 *          "secret": hash of cookie or refresh token, "stored_until"}
 * token    by key {"session", "until", "app": of the app_session cookie}
 */

#include "sim.h"

struct sim_live {
	pthread_mutex_t lock;
	json_t *users;
	json_t *sessions;
	json_t *tokens;
	json_t *clients;	/* by id: {"id", "redirect_uris":[..]} */
	json_t *busy;		/* by id: their locks are held */
	json_t *settings;	/* of /_sim/resolver */
};

/* --- live.c */
struct sim_live *sim_live_new(void);
void sim_live_free(struct sim_live *live);
const char *sim_string(const json_t *object, const char *name);
int64_t sim_integer(const json_t *object, const char *name,
    int64_t otherwise);
int sim_flag(const json_t *object, const char *name, int otherwise);
/* Lower-case hex SHA-256. */
void sim_hash(const char *text, char out[65]);
/* len characters of [a-zA-Z0-9] and NUL. */
void sim_random_text(char *out, size_t len);
/* The copied members of `names` (NULL ends); null removes a member. */
void sim_take_members(json_t *object, const json_t *from,
    const char *const *names);

/* --- users.c */
/* Changes or makes the user "id"; a reference for the caller, or *why. */
json_t *sim_user_change(struct sim_live *live, const json_t *body,
    int64_t now, const char **why);
json_t *sim_user_get(struct sim_live *live, const char *id);	/* borrowed */
/* Whether the account is good at this instant. */
int sim_user_good(const json_t *user, int64_t now);
/* The facts that are shown: the user, or the stale ones. */
const json_t *sim_user_facts(const json_t *user, int64_t now);

/* --- sessions.c */
/* Changes or makes the session "id" (its user too); borrowed, or *why. */
json_t *sim_session_change(struct sim_live *live, const json_t *body,
    int64_t now, const char **why);
json_t *sim_session_get(struct sim_live *live, const char *id, int64_t now);
/* An access: the idle time begins anew, as late as Authgear does it. */
void sim_session_touch(struct sim_live *live, json_t *session, int64_t now);
/* Ends it and all of its single-sign-on group. */
void sim_session_end(struct sim_live *live, const char *id);
void sim_sessions_end_of(struct sim_live *live, const char *user_id);

/* --- tokens.c */
void sim_token_add(struct sim_live *live, const char *key,
    const char *session_id, int64_t until, int app);
void sim_token_end(struct sim_live *live, const char *key);
/* The key of an access token for a request to this origin; 0 if its `aud`
 * is another's. */
int sim_access_key(struct sim *sim, const char *text, const char *origin,
    char key_out[65]);
/* The live session that the key or cookie leads to, borrowed, or NULL. */
json_t *sim_token_session(struct sim_live *live, const char *key, int app,
    int64_t now);
json_t *sim_cookie_session(struct sim_live *live, const char *text,
    int64_t now);

/* --- jwt.c: the claims of a JWT that the keys verify now, or NULL */
json_t *sim_jwt_claims(struct sim *sim, const char *text);
/* The keys of a key set become known, the last ones; NULL or what is wrong.
 * Without their private halves, they only verify. */
const char *sim_keys_adopt(struct sim_keys *keys, const json_t *jwks);

/* --- mint_live.c */
/* kind opaque, cookie, app-session, refresh; the answer, or *why */
json_t *sim_mint_credential(struct sim *sim, const json_t *body,
    const char **why);
int sim_mints_credential(const char *kind);
/* Before a JWT is signed: its claims tell of the session's user. */
json_t *sim_mint_session(struct sim *sim, const json_t *body, json_t *claims,
    const char **why);
/* What its claims are in the end: its jti is known from now on. */
void sim_mint_known(struct sim *sim, const json_t *claims,
    const char *session_id);

/* --- live_control.c: NULL and *status 404 if the name is not of its own */
json_t *sim_live_control(struct sim *sim, const char *name,
    const json_t *body, int *status);
/* The text of an opaque or refresh token, as /oauth2/revoke does. */
void sim_revoke(struct sim *sim, const char *token);

/* --- request.c: what a request carries */
struct sim_request {
	const char *method;
	const char *path;
	const json_t *headers;	/* [[name, value], ..] as they came */
	const char *body;
	size_t len;
	json_t *query;		/* {name: value}, decoded */
};
struct sim_credentials {
	char *bearer;		/* NULL: none */
	char *app_session;
	char *app_access_token;
	char *session;
	char *signed_up;	/* of a browser that has logged in before */
	char origin[600];	/* as Authgear computes it from the request */
	char host[300];		/* without port */
};
const char *sim_header(const struct sim_request *request, const char *name);
void sim_credentials_read(struct sim *sim, const struct sim_request *request,
    struct sim_credentials *credentials);
void sim_credentials_clear(struct sim_credentials *credentials);

/* --- answer.c */
struct sim_answer {
	unsigned int status;
	json_t *headers;	/* [[name, value], ..] */
	char *body;
};
void sim_answer_add(struct sim_answer *answer, const char *name,
    const char *value);
void sim_answer_body(struct sim_answer *answer, unsigned int status,
    const char *type, const char *body);
/* Adds the headers that Authgear gives to its documents. */
void sim_answer_headers(struct sim_answer *answer);
void sim_answer_clear(struct sim_answer *answer);
/* What is true but for the faults that only the resolver has. */
void sim_true_answer(struct sim *sim, const struct sim_request *request,
    const struct sim_fault *fault, struct sim_answer *answer_out);

/* --- wire.c: what libmicrohttpd would never send, straight into the socket */
void sim_send_raw(struct sim *sim, int fd, const struct sim_fault *fault,
    const struct sim_answer *answer);
/* Until the time is over, the simulator ends or the client has gone. */
void sim_pause(const struct sim *sim, int fd, double seconds);

/* --- resolver_answer.c */
void sim_answer_fixed(struct sim_answer *answer);
void sim_answer_outage(struct sim_answer *answer);
void sim_answer_valid(struct sim *sim, const json_t *session,
    const json_t *facts, struct sim_answer *answer);
void sim_answer_invalid(struct sim *sim,
    const struct sim_credentials *credentials, struct sim_answer *answer);
/* A header left out, doubled, changed or made long. */
void sim_answer_spoil(const struct sim_fault *fault,
    struct sim_answer *answer);

/* A field of a form, decoded; to be freed.  NULL if it is not there. */
char *sim_form_field(const char *body, size_t len, const char *name);

/* --- authorize.c */
void sim_authorize(struct sim *sim, const struct sim_request *request,
    struct sim_answer *answer);
/* Registers the client "id"; a reference for the caller, or *why. */
json_t *sim_client_change(struct sim_live *live, const json_t *body,
    const char **why);

/* --- resolver.c */
/* Whether the path is of the resolver's port (its misspellings too). */
int sim_resolver_serves(const char *path);
void sim_resolver_answer(struct sim *sim, const struct sim_request *request,
    const struct sim_fault *fault, struct sim_answer *answer_out);

#endif /* !SIM_LIVE_H_ */
