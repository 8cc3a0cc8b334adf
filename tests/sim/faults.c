#include "sim.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	enum sim_fault_kind kind;
	int raw;		/* written past libmicrohttpd, so not in TLS */
	double seconds;		/* unless given */
} names[] = {
	{ "none", FAULT_NONE, 0, 0 },
	{ "delay", FAULT_DELAY, 0, 1 },
	{ "hang", FAULT_HANG, 0, 3600 },
	{ "drop", FAULT_DROP, 0, 0 },
	{ "drip", FAULT_DRIP, 1, 0.2 },
	{ "status", FAULT_STATUS, 0, 0 },
	{ "huge", FAULT_HUGE, 0, 0 },
	{ "malformed", FAULT_MALFORMED, 0, 0 },
	{ "empty", FAULT_EMPTY, 0, 0 },
	{ "redirect", FAULT_REDIRECT, 0, 0 },
	{ "bad-status-line", FAULT_BAD_STATUS_LINE, 1, 0 },
	{ "cut-head", FAULT_CUT_HEAD, 1, 0 },
	{ "cut-body", FAULT_CUT_BODY, 1, 0 },
	{ "double-length", FAULT_DOUBLE_LENGTH, 1, 0 },
	{ "wrong-type", FAULT_WRONG_TYPE, 0, 0 },
	{ "outage", FAULT_OUTAGE, 0, 0 },
	{ "silent", FAULT_SILENT, 0, 0 },
	{ "internal", FAULT_INTERNAL, 0, 0 },
	{ "lock", FAULT_LOCK, 0, 1 },
	{ "header", FAULT_HEADER, 0, 0 },
};

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

static const char *
read_numbers(const json_t *body, struct sim_fault *fault)
{
	const json_t *seconds = json_object_get(body, "seconds");
	const json_t *status = json_object_get(body, "status");
	const json_t *times = json_object_get(body, "count");

	if (seconds != NULL)
		fault->seconds = json_number_value(seconds);
	if (fault->seconds < 0 || fault->seconds > 86400)
		return "seconds must be 0 to 86400";
	fault->status = status ? (int)json_integer_value(status) : 500;
	if (fault->status < 200 || fault->status > 599)
		return "status must be 200 to 599";
	fault->count = (int)json_integer_value(times);
	if (fault->count < 0)
		return "count must not be negative";
	return NULL;
}

static const char *
read_header(const json_t *body, struct sim_fault *fault)
{
	const json_t *copies = json_object_get(body, "copies");
	const char *header = json_string_value(json_object_get(body,
	    "header"));
	const char *value = json_string_value(json_object_get(body, "value"));

	fault->copies = copies ? (int)json_integer_value(copies) : 1;
	fault->size = (int)json_integer_value(json_object_get(body, "size"));
	if (fault->kind != FAULT_HEADER)
		return NULL;
	if (header == NULL || strlen(header) >= sizeof(fault->header))
		return "header must be the name of one";
	if (fault->copies < 0 || fault->copies > 16)
		return "copies must be 0 to 16";
	if (fault->size < 0 || fault->size > 100000)
		return "size must be 0 to 100000";
	if (value != NULL && strlen(value) >= sizeof(fault->value))
		return "value is too long; use size";
	snprintf(fault->header, sizeof(fault->header), "%s", header);
	snprintf(fault->value, sizeof(fault->value), "%s",
	    value != NULL ? value : "");
	fault->has_value = value != NULL;
	return NULL;
}

static const char *
read_fault(const json_t *body, int tls, struct sim_fault *fault)
{
	const char *path = json_string_value(json_object_get(body, "path"));
	const char *name = json_string_value(json_object_get(body, "fault"));
	const char *location =
	    json_string_value(json_object_get(body, "location"));
	size_t i, count = sizeof(names) / sizeof(names[0]);
	const char *why;

	if (path == NULL || name == NULL)
		return "path and fault are needed";
	for (i = 0; i < count && strcmp(names[i].name, name) != 0; i++)
		;
	if (i == count)
		return "no such fault";
	if (tls && names[i].raw)
		return "not with TLS";
	fault->kind = names[i].kind;
	fault->seconds = names[i].seconds;
	snprintf(fault->path, sizeof(fault->path), "%s", path);
	snprintf(fault->location, sizeof(fault->location), "%s",
	    location != NULL ? location : "/elsewhere");
	if ((why = read_header(body, fault)) != NULL)
		return why;
	return read_numbers(body, fault);
}

const char *
sim_fault_set(struct sim_faults *faults, const json_t *body, int tls)
{
	struct sim_fault fault = { .kind = FAULT_NONE };
	const char *why;

	if ((why = read_fault(body, tls, &fault)) != NULL)
		return why;
	pthread_mutex_lock(&faults->lock);
	remove_path(faults, fault.path);
	if (fault.kind != FAULT_NONE && faults->count == SIM_MAX_FAULTS)
		why = "too many faults";
	else if (fault.kind != FAULT_NONE)
		faults->list[faults->count++] = fault;
	pthread_mutex_unlock(&faults->lock);
	return why;
}

struct sim_fault
sim_fault_take(struct sim_faults *faults, const char *path)
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
		fault = *found;
		if (found->count == 1)
			*found = faults->list[--faults->count];
		else if (found->count > 1)
			found->count--;
	}
	pthread_mutex_unlock(&faults->lock);
	return fault;
}
