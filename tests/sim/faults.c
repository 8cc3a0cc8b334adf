#include "sim.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	enum sim_fault_kind kind;
	int raw;		/* libmicrohttpd will not send it */
} names[] = {
	{ "none", FAULT_NONE, 0 },
	{ "delay", FAULT_DELAY, 0 },
	{ "hang", FAULT_HANG, 1 },
	{ "drop", FAULT_DROP, 1 },
	{ "drip", FAULT_DRIP, 1 },
	{ "status", FAULT_STATUS, 0 },
	{ "huge", FAULT_HUGE, 0 },
	{ "malformed", FAULT_MALFORMED, 0 },
	{ "empty", FAULT_EMPTY, 0 },
	{ "redirect", FAULT_REDIRECT, 0 },
	{ "bad-status-line", FAULT_BAD_STATUS_LINE, 1 },
	{ "cut-head", FAULT_CUT_HEAD, 1 },
	{ "cut-body", FAULT_CUT_BODY, 1 },
	{ "double-length", FAULT_DOUBLE_LENGTH, 1 },
	{ "wrong-type", FAULT_WRONG_TYPE, 0 },
};

static int
is_raw(enum sim_fault_kind kind)
{
	return names[kind].raw;
}

static void
remove_path(struct sim_faults *faults, const char *path)
{
	size_t i = 0;

	while (i < faults->count) {
		if (strcmp(path, "*") != 0 &&
		    strcmp(faults->list[i].path, path) != 0) {
			i++;
			continue;
		}
		faults->list[i] = faults->list[--faults->count];
	}
}

const char *
sim_fault_set(struct sim_faults *faults, const json_t *body)
{
	const char *path = json_string_value(json_object_get(body, "path"));
	const char *name = json_string_value(json_object_get(body, "fault"));
	const char *location =
	    json_string_value(json_object_get(body, "location"));
	struct sim_fault fault = { .kind = FAULT_NONE };
	size_t i, count = sizeof(names) / sizeof(names[0]);
	int full;

	if (path == NULL || name == NULL)
		return "path and fault are needed";
	for (i = 0; i < count && strcmp(names[i].name, name) != 0; i++)
		;
	if (i == count)
		return "no such fault";
	fault.kind = names[i].kind;
	snprintf(fault.path, sizeof(fault.path), "%s", path);
	snprintf(fault.location, sizeof(fault.location), "%s",
	    location ? location : "/elsewhere");
	fault.seconds = json_number_value(json_object_get(body, "seconds"));
	fault.status =
	    (int)json_integer_value(json_object_get(body, "status"));
	fault.count = (int)json_integer_value(json_object_get(body, "count"));
	pthread_mutex_lock(&faults->lock);
	remove_path(faults, path);
	full = fault.kind != FAULT_NONE && faults->count == SIM_MAX_FAULTS;
	if (fault.kind != FAULT_NONE && !full)
		faults->list[faults->count++] = fault;
	pthread_mutex_unlock(&faults->lock);
	return full ? "too many faults" : NULL;
}

struct sim_fault
sim_fault_take(struct sim_faults *faults, const char *path, int raw_only)
{
	struct sim_fault fault = { .kind = FAULT_NONE };
	struct sim_fault *found;
	size_t i;

	pthread_mutex_lock(&faults->lock);
	for (i = 0; i < faults->count && fault.kind == FAULT_NONE; i++) {
		found = &faults->list[i];
		if (strcmp(found->path, path) != 0 &&
		    strcmp(found->path, "*") != 0)
			continue;
		if (raw_only && !is_raw(found->kind))
			continue;
		fault = *found;
		if (found->count == 1)
			*found = faults->list[--faults->count];
		else if (found->count > 1)
			found->count--;
	}
	pthread_mutex_unlock(&faults->lock);
	return fault;
}

int
sim_fault_any_raw(struct sim_faults *faults)
{
	int any = 0;
	size_t i;

	pthread_mutex_lock(&faults->lock);
	for (i = 0; i < faults->count; i++)
		any |= is_raw(faults->list[i].kind);
	pthread_mutex_unlock(&faults->lock);
	return any;
}
