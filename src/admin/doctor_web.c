#include "config.h"

#include "admin/doctor_web.h"

#include <string.h>

#include "admin/doctor_web_lighttpd.h"
#include "admin/doctor_web_lines.h"
#include "admin/doctor_web_nginx.h"
#include "admin/program.h"

#define NGINX "/usr/sbin/nginx"
#define TEXT_MAX ((size_t)8 * 1024 * 1024)
#define DEADLINE_MS 20000

/* What stopped it, among what else it says: the first line that is no warning
 * of nginx's (what it says at such levels) and not Apache's of a name that
 * cannot be told, else the first. */
static const char *
cause_of(const char *text)
{
	static const char *const beside[] = { "[warn]", "[notice]",
	    "AH00558:" };
	const char *line = text, *end, *found;
	size_t i;

	for (; *line != '\0'; line = end + (*end != '\0')) {
		end = line + strcspn(line, "\n");
		for (i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
			found = strstr(line, beside[i]);
			if (found != NULL && found < end)
				break;
		}
		if (i == sizeof(beside) / sizeof(beside[0]) && end > line)
			return line;
	}
	return text;
}

/* 0 and all that it prints; -1 and error. */
static int
dump(const char *const arguments[], struct program *program,
    struct error *error)
{
	const char *cause;

	if (program_run(arguments, TEXT_MAX, DEADLINE_MS, program,
	    error) == -1)
		return -1;
	if (program->status == 0 && program->out.len > 0 &&
	    strlen(program->out.data) == program->out.len)
		return 0;
	cause = cause_of(program->last);
	error_set(error, "%s does not print its configuration: %.*s",
	    arguments[0], (int)strcspn(cause, "\n"), cause);
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
	if (root != NULL && web_nginx_serves(root))
		doctor_web_nginx(doctor, root);
	else if (root != NULL)
		doctor_say(doctor, DOCTOR_UNKNOWN, "nginx", "look at it with "
		    "nginx -T", "it has no server block of http: nothing is "
		    "served by it, and nobody asked");
	else
		doctor_say(doctor, DOCTOR_UNKNOWN, "nginx",
		    "look at it with nginx -t", "%s", error_text(&error));
	web_nginx_free(root);
	program_clear(&program);
}

static void
look_at_lines(struct doctor *doctor, const char *subject, const char *remedy,
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
		doctor_say(doctor, DOCTOR_UNKNOWN, subject, remedy, "%s",
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
	look_at_lines(doctor, "lighttpd", "look at it with lighttpd -tt -f "
	    "/etc/lighttpd/lighttpd.conf", of_lighttpd,
	    doctor_web_lighttpd);
	look_at_lines(doctor, "apache", "look at it with apache2ctl -t",
	    of_apache, doctor_web_lines_apache);
}
