#include "config.h"

#include "admin/doctor_web.h"

#include <string.h>

#include "admin/doctor_web_lines.h"
#include "admin/doctor_web_nginx.h"
#include "admin/program.h"

#define NGINX "/usr/sbin/nginx"
#define TEXT_MAX ((size_t)8 * 1024 * 1024)
#define DEADLINE_MS 20000

/* 0 and all that it prints; -1 and error. */
static int
dump(const char *const arguments[], struct program *program,
    struct error *error)
{
	if (program_run(arguments, TEXT_MAX, DEADLINE_MS, program,
	    error) == -1)
		return -1;
	if (program->status == 0 && program->out.len > 0 &&
	    strlen(program->out.data) == program->out.len)
		return 0;
	error_set(error, "%s does not print its configuration: %.*s",
	    arguments[0], (int)strcspn(program->last, "\n"), program->last);
	return -1;
}

static void
look_at_nginx(struct doctor *doctor)
{
	const char *const arguments[] = { NGINX, "-T", "-q", NULL };
	struct web_nginx *root = NULL;
	struct program program;
	struct error error;

	error_clear(&error);
	if (!program_is_there(NGINX))
		return;
	if (dump(arguments, &program, &error) == 0)
		root = web_nginx_read(program.out.data, program.out.len,
		    &error);
	if (root != NULL)
		doctor_web_nginx(doctor, root);
	else
		doctor_say(doctor, DOCTOR_UNKNOWN, "nginx",
		    "look at it with nginx -t", "%s", error_text(&error));
	web_nginx_free(root);
	program_clear(&program);
}

static void
look_at_lines(struct doctor *doctor, const char *subject,
    const char *const arguments[], void (*look)(struct doctor *, char *))
{
	struct program program;
	struct error error;

	error_clear(&error);
	if (!program_is_there(arguments[0]))
		return;
	if (dump(arguments, &program, &error) == 0)
		look(doctor, program.out.data);
	else
		doctor_say(doctor, DOCTOR_UNKNOWN, subject, NULL, "%s",
		    error_text(&error));
	program_clear(&program);
}

void
doctor_web(struct doctor *doctor)
{
	static const char *const of_lighttpd[] = { "/usr/sbin/lighttpd", "-p",
	    "-f", "/etc/lighttpd/lighttpd.conf", NULL };
	static const char info[] =
	    "LoadModule info_module /usr/lib/apache2/modules/mod_info.so";
	static const char *const of_apache[] = { "/usr/sbin/apache2ctl", "-t",
	    "-C", info, "-D", "DUMP_CONFIG", NULL };

	look_at_nginx(doctor);
	look_at_lines(doctor, "lighttpd", of_lighttpd,
	    doctor_web_lines_lighttpd);
	look_at_lines(doctor, "apache", of_apache, doctor_web_lines_apache);
}
