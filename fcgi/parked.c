#include "config.h"

#include "fcgi/parked.h"

#include <stdlib.h>

struct parked *
parked_new(struct gate_task *task, enum gate_step step, void *request)
{
	struct parked *parked;

	parked = calloc(1, sizeof(*parked));
	if (parked == NULL)
		return NULL;
	parked->task = task;
	parked->step = step;
	parked->request = request;
	return parked;
}

void
parked_free(struct parked *parked)
{
	if (parked == NULL)
		return;
	gate_task_free(parked->task);
	free(parked);
}
