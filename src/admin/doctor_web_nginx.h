#ifndef DOCTOR_WEB_NGINX_H_
#define DOCTOR_WEB_NGINX_H_

#include "admin/doctor.h"
#include "admin/web_nginx.h"

/* What a configuration of nginx says of us, a line each server and location. */
void doctor_web_nginx(struct doctor *doctor, const struct web_nginx *root);

#endif /* !DOCTOR_WEB_NGINX_H_ */
