#include "admin/pam_order.h"

#include <stdlib.h>
#include <string.h>

static size_t
next(const struct pam_service *service, size_t index)
{
	const enum pam_service_phase phase = service->lines[index].phase;

	while (++index < service->count)
		if (service->lines[index].phase == phase)
			return index;
	return PAM_ORDER_NONE;
}

static size_t
before(const struct pam_service *service, size_t index)
{
	const enum pam_service_phase phase = service->lines[index].phase;

	while (index-- > 0)
		if (service->lines[index].phase == phase)
			return index;
	return PAM_ORDER_NONE;
}

/* 1 if there is one more, no further out than `level'. */
static int
has_next(const struct pam_service *service, size_t index, int level)
{
	const size_t behind = next(service, index);

	return behind != PAM_ORDER_NONE &&
	    service->lines[behind].level >= level;
}

/* The last of its substack, and of what is in that. */
static size_t
last_of(const struct pam_service *service, size_t index)
{
	const int level = service->lines[index].level;

	while (has_next(service, index, level))
		index = next(service, index);
	return index;
}

/* The last of `count' that are jumped over, each with the substack that it
 * is; NONE if there are not as many. */
static size_t
jump(const struct pam_service *service, size_t index, long count)
{
	const int level = service->lines[index].level;

	for (; count > 0 && has_next(service, index, level); count--)
		do
			index = next(service, index);
		while (has_next(service, index, level + 1));
	return count == 0 ? index : PAM_ORDER_NONE;
}

int
pam_order_passes(const struct pam_service *service, size_t from, size_t to)
{
	char text[16];
	const char *action = pam_service_action(&service->lines[from],
	    "success", text);
	size_t last = PAM_ORDER_NONE;
	long count;

	if (service->lines[from].is_mark)
		return 0;
	count = strtol(action, NULL, 10);
	if (strcmp(action, "done") == 0)
		last = last_of(service, from);
	else if (count > 0)
		last = jump(service, from, count);
	return last != PAM_ORDER_NONE && last >= to;
}

int
pam_order_ends(const struct pam_service *service, size_t index)
{
	char text[16];

	return strcmp(pam_service_action(&service->lines[index], "success",
	    text), "done") == 0 && last_of(service, index) != index;
}

static const char *const denials[] = { "perm_denied", "auth_err" };
#define DENIALS (sizeof(denials) / sizeof(denials[0]))

int
pam_order_keeps(const struct pam_line *line)
{
	static const char *const kept[] = { "bad", "die", "ok", "done" };
	const char *action;
	char text[16];
	size_t i, k;

	for (i = 0; i < DENIALS; i++) {
		action = pam_service_action(line, denials[i], text);
		for (k = 0; k < sizeof(kept) / sizeof(kept[0]); k++)
			if (strcmp(action, kept[k]) == 0)
				break;
		if (k == sizeof(kept) / sizeof(kept[0]))
			return 0;
	}
	return 1;
}

/* Each of its denials ends the substack. */
static int
stops(const struct pam_line *line)
{
	char text[16];
	size_t i;

	for (i = 0; i < DENIALS; i++)
		if (strcmp(pam_service_action(line, denials[i], text),
		    "die") != 0)
			return 0;
	return 1;
}

/* Where its substack begins: what held before is what a reset goes back to. */
static size_t
begin_of(const struct pam_service *service, size_t index)
{
	const int level = service->lines[index].level;
	size_t above;

	while ((above = before(service, index)) != PAM_ORDER_NONE &&
	    service->lines[above].level >= level)
		index = above;
	return index;
}

size_t
pam_order_forgets(const struct pam_service *service, size_t index)
{
	size_t at = index;

	if (stops(&service->lines[index]))
		at = last_of(service, index);
	while ((at = next(service, at)) != PAM_ORDER_NONE)
		if (pam_service_resets(&service->lines[at]) &&
		    begin_of(service, at) <= index)
			return at;
	return PAM_ORDER_NONE;
}
