#include "live.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LOCK_TRIES 5

/* How the live session was found, and whether its user may have it. */
struct found {
	json_t *session;	/* a copy */
	json_t *facts;		/* a copy of what is shown of the user */
	int good;
};

static json_t *
find_session(struct sim *sim, const struct sim_credentials *credentials,
    const char *bearer_key, const char *cookie_key, int64_t now)
{
	json_t *session = NULL;
	char key[65];

	if (bearer_key[0] != '\0')
		session = sim_token_session(sim->live, bearer_key, 0, now);
	if (session == NULL && credentials->app_session != NULL) {
		sim_hash(credentials->app_session, key);
		session = sim_token_session(sim->live, key, 1, now);
	}
	if (session == NULL && cookie_key[0] != '\0')
		session = sim_token_session(sim->live, cookie_key, 0, now);
	if (session == NULL && credentials->session != NULL)
		session = sim_cookie_session(sim->live, credentials->session,
		    now);
	return session;
}

/* Waits for the lock of the session, and keeps it with `hold`; 0 if others
 * held it all the time. */
static int
take_lock(struct sim *sim, const json_t *session, int hold)
{
	const char *id = sim_string(session, "id");
	struct timespec pause = { 0, 0 };
	unsigned char chance;
	int i, is_free = 0;

	for (i = 0; i < LOCK_TRIES && !is_free; i++) {
		if (i > 0) {
			RAND_bytes(&chance, 1);
			pause.tv_nsec = 50000000L + chance * 784313L;
			nanosleep(&pause, NULL);
		}
		pthread_mutex_lock(&sim->live->lock);
		is_free = json_object_get(sim->live->busy, id) == NULL;
		if (is_free && hold)
			json_object_set_new(sim->live->busy, id, json_true());
		pthread_mutex_unlock(&sim->live->lock);
	}
	return is_free;
}

static void
leave_lock(struct sim *sim, const json_t *session, double seconds)
{
	sim_pause(sim, -1, seconds);
	pthread_mutex_lock(&sim->live->lock);
	json_object_del(sim->live->busy, sim_string(session, "id"));
	pthread_mutex_unlock(&sim->live->lock);
}

static void
find(struct sim *sim, const struct sim_credentials *credentials,
    struct found *found)
{
	char bearer_key[65] = "", cookie_key[65] = "";
	int64_t now = sim_now(sim);
	json_t *session, *user;

	memset(found, 0, sizeof(*found));
	if (credentials->bearer != NULL && !sim_access_key(sim,
	    credentials->bearer, credentials->origin, bearer_key))
		bearer_key[0] = '\0';
	if (credentials->app_access_token != NULL && !sim_access_key(sim,
	    credentials->app_access_token, credentials->origin, cookie_key))
		cookie_key[0] = '\0';
	pthread_mutex_lock(&sim->live->lock);
	session = find_session(sim, credentials, bearer_key, cookie_key, now);
	if (session != NULL) {
		sim_session_touch(sim->live, session, now);
		user = sim_user_get(sim->live, sim_string(session,
		    "user_id"));
		found->good = sim_user_good(user, now);
		found->session = json_copy(session);
		found->facts = json_deep_copy(sim_user_facts(user, now));
	}
	pthread_mutex_unlock(&sim->live->lock);
}

static int
knows_host(struct sim *sim, const char *host)
{
	const json_t *one, *hosts;
	int known = 0;
	size_t i;

	pthread_mutex_lock(&sim->live->lock);
	hosts = json_object_get(sim->live->settings, "hosts");
	json_array_foreach(hosts, i, one)
		known |= strcmp(json_string_value(one), host) == 0;
	if (!json_is_array(hosts))
		known = 1;
	pthread_mutex_unlock(&sim->live->lock);
	return known;
}

static void
resolve(struct sim *sim, const struct sim_credentials *credentials,
    const struct sim_fault *fault, struct sim_answer *answer)
{
	struct found found;
	int hold = fault->kind == FAULT_LOCK, locked = 0;

	find(sim, credentials, &found);
	if (found.session != NULL)
		locked = take_lock(sim, found.session, hold);
	if (found.session == NULL) {
		if (credentials->session != NULL)
			sim_answer_invalid(sim, credentials, answer);
	} else if (!locked)
		sim_answer_outage(answer);
	else if (!found.good)
		sim_answer_invalid(sim, credentials, answer);
	else if (fault->kind == FAULT_INTERNAL)
		sim_answer_body(answer, 500, "text/plain; charset=utf-8",
		    "internal error\n");
	else if (fault->kind != FAULT_SILENT)
		sim_answer_valid(sim, found.session, found.facts, answer);
	if (locked && hold)
		leave_lock(sim, found.session, fault->seconds);
	json_decref(found.session);
	json_decref(found.facts);
}

static const char *
canonical(const char *path)
{
	static const char *const paths[] = { "/resolve", "/_resolver/resolve",
	    "/healthz" };
	size_t i, len = strlen(path);

	if (len > 1 && path[len - 1] == '/')
		len--;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (strlen(paths[i]) == len &&
		    strncasecmp(paths[i], path, len) == 0)
			return paths[i];
	}
	return NULL;
}

int
sim_resolver_serves(const char *path)
{
	return canonical(path) != NULL;
}

static void
answer_moved(struct sim_answer *answer, const char *path)
{
	char body[120];

	snprintf(body, sizeof(body),
	    "<a href=\"%s\">Moved Permanently</a>.\n\n", path);
	sim_answer_body(answer, 301, "text/html; charset=utf-8", body);
	sim_answer_add(answer, "Location", path);
}

static void
answer_health(const struct sim_fault *fault, struct sim_answer *answer)
{
	if (fault->kind != FAULT_OUTAGE) {
		sim_answer_body(answer, 200, "text/plain", "OK");
		return;
	}
	sim_answer_body(answer, 503, "text/plain; charset=utf-8",
	    "Service Unavailable\n");
	sim_answer_add(answer, "X-Content-Type-Options", "nosniff");
}

static void
answer_resolve(struct sim *sim, const struct sim_request *request,
    const struct sim_fault *fault, struct sim_answer *answer)
{
	struct sim_credentials credentials;

	sim_answer_fixed(answer);
	sim_credentials_read(sim, request, &credentials);
	if (!knows_host(sim, credentials.host))
		sim_answer_body(answer, 404, "text/plain; charset=utf-8",
		    "app not found\n");
	else if (fault->kind == FAULT_OUTAGE)
		sim_answer_outage(answer);
	else
		resolve(sim, &credentials, fault, answer);
	sim_credentials_clear(&credentials);
	if (fault->kind == FAULT_HEADER)
		sim_answer_spoil(fault, answer);
}

void
sim_resolver_answer(struct sim *sim, const struct sim_request *request,
    const struct sim_fault *fault, struct sim_answer *answer)
{
	const char *path = canonical(request->path);

	answer->status = 200;
	answer->headers = json_array();
	answer->body = strdup("");
	if (strcmp(request->method, "GET") != 0 &&
	    strcmp(request->method, "HEAD") != 0) {
		sim_answer_body(answer, 405, "text/plain; charset=utf-8",
		    "Method Not Allowed\n");
		sim_answer_add(answer, "Allow", "GET, HEAD, OPTIONS");
		sim_answer_add(answer, "X-Content-Type-Options", "nosniff");
	} else if (strcmp(path, request->path) != 0)
		answer_moved(answer, path);
	else if (strcmp(path, "/healthz") == 0)
		answer_health(fault, answer);
	else
		answer_resolve(sim, request, fault, answer);
}
