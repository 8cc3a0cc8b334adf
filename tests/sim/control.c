#include "live.h"

#include <stdio.h>
#include <string.h>

static json_t *
refusal(const char *why, int *status)
{
	*status = 400;
	return json_pack("{s:s}", "error", why);
}

static json_t *
rotate(struct sim *sim, const json_t *body, int *status)
{
	const json_t *keep = json_object_get(body, "keep");
	char kid[37];

	if (sim_keys_rotate(&sim->keys, keep == NULL || json_is_true(keep),
	    sim_now(sim), kid) == -1)
		return refusal("no key could be made", status);
	return json_pack("{s:s}", "kid", kid);
}

static json_t *
retire(struct sim *sim, const json_t *body, int *status)
{
	const char *kid = json_string_value(json_object_get(body, "kid"));

	if (kid == NULL || sim_keys_retire(&sim->keys, kid) == -1)
		return refusal("no such key", status);
	return json_pack("{s:s}", "retired", kid);
}

static json_t *
fault(struct sim *sim, const json_t *body, int own_fd, int *status)
{
	const char *why;

	if ((why = sim_fault_set(&sim->faults, body, sim->tls)) != NULL)
		return refusal(why, status);
	/* or a request under way would go on under the old one */
	sim_shut_connections(sim, own_fd);
	return json_pack("{s:b}", "set", 1);
}

static json_t *
counts(struct sim *sim)
{
	json_t *copy;

	pthread_mutex_lock(&sim->lock);
	copy = json_deep_copy(sim->counts);
	pthread_mutex_unlock(&sim->lock);
	json_object_set_new(copy, "connections",
	    json_integer(atomic_load(&sim->connections)));
	return copy;
}

static json_t *
requests(struct sim *sim)
{
	json_t *copy;

	pthread_mutex_lock(&sim->lock);
	copy = json_deep_copy(sim->requests);
	pthread_mutex_unlock(&sim->lock);
	return json_pack("{s:o}", "requests", copy);
}

static json_t *
reset(struct sim *sim)
{
	pthread_mutex_lock(&sim->lock);
	json_object_clear(sim->counts);
	json_array_clear(sim->requests);
	pthread_mutex_unlock(&sim->lock);
	atomic_store(&sim->connections, 0);
	return json_pack("{s:b}", "reset", 1);
}

static json_t *
answer(struct sim *sim, const char *name, const json_t *body, int own_fd,
    int *status)
{
	const char *why = "cannot be minted";
	json_t *minted;

	if (strcmp(name, "counts") == 0)
		return counts(sim);
	if (strcmp(name, "requests") == 0)
		return requests(sim);
	if (strcmp(name, "reset-counts") == 0)
		return reset(sim);
	if (strcmp(name, "rotate") == 0)
		return rotate(sim, body, status);
	if (strcmp(name, "retire") == 0)
		return retire(sim, body, status);
	if (strcmp(name, "fault") == 0)
		return fault(sim, body, own_fd, status);
	if (strcmp(name, "clock") == 0) {
		atomic_store(&sim->clock_offset,
		    json_integer_value(json_object_get(body, "offset")));
		atomic_store(&sim->clock_at,
		    json_integer_value(json_object_get(body, "at")));
		return json_pack("{s:I}", "now", (json_int_t)sim_now(sim));
	}
	if (strcmp(name, "mint") == 0) {
		minted = sim_mint(sim, body, &why);
		return minted != NULL ? minted : refusal(why, status);
	}
	if (strcmp(name, "keys") == 0) {
		why = sim_keys_adopt(&sim->keys, body);
		return why != NULL ? refusal(why, status) :
		    json_pack("{s:b}", "adopted", 1);
	}
	return sim_live_control(sim, name, body, status);
}

json_t *
sim_control(struct sim *sim, const char *path, const char *body, size_t len,
    int own_fd, int *status)
{
	json_t *object, *result;

	*status = 200;
	if (len == 0)
		object = json_object();
	else
		object = json_loadb(body, len, 0, NULL);
	if (!json_is_object(object)) {
		json_decref(object);
		return refusal("the body must be a JSON object", status);
	}
	result = answer(sim, path + strlen("/_sim/"), object, own_fd, status);
	json_decref(object);
	return result;
}
