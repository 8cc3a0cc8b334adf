#ifndef NGINX_DIRECTIVES_H_
#define NGINX_DIRECTIVES_H_

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/*
 * The directives (man page authgear-nginx(5)), each as nginx calls it;
 * `post` of a command is the module.  What is wrong is told with its file and
 * line.
 * Threads: nginx has none here.
 */

char *directives_policy(ngx_conf_t *cf, ngx_command_t *command, void *conf);
char *directives_socket(ngx_conf_t *cf, ngx_command_t *command, void *conf);
char *directives_path(ngx_conf_t *cf, ngx_command_t *command, void *conf);
char *directives_cache(ngx_conf_t *cf, ngx_command_t *command, void *conf);
char *directives_login(ngx_conf_t *cf, ngx_command_t *command, void *conf);

#endif /* !NGINX_DIRECTIVES_H_ */
