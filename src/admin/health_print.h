#ifndef HEALTH_PRINT_H_
#define HEALTH_PRINT_H_

#include "admin/health.h"

/* On stdout: for people, or as one JSON object on a line. */
void health_print(const struct health *health);
void health_print_json(const struct health *health);

#endif /* !HEALTH_PRINT_H_ */
