#include "config.h"

#include "admin/doctor_web_lighttpd.h"

#include <stdio.h>
#include <string.h>

#include "admin/doctor_named.h"
#include "admin/doctor_web_lines.h"
#include "admin/lighttpd_condition.h"

#define PROBE "authgear-cache doctor --probe URL: what comes of it"
#define DEPTH_MAX 16	/* conditions within conditions */

static int
begins(const char *line, const char *with)
{
	return doctor_web_lines_begins(line, with);
}

/* What lighttpd -p tells, read so far. */
struct lighty {
	struct doctor *doctor;
	char where[160];	/* the condition, or "lighttpd" */
	int depth;		/* of conditions; 0: outside of them */
	enum lighttpd_holds holds[DEPTH_MAX + 1]; /* while we are asked: each,
				   with those around it */
	enum lighttpd_holds closed[DEPTH_MAX + 1]; /* what an else there
				   belongs to */
	int has_server;		/* ours is in that value */
	int is_served;		/* a fastcgi.server of ours was there */
	char key[64];		/* whose value the line is of */
	int has_script;		/* ours is in that value */
	int names;		/* a policy is named */
	int is_asked;		/* of every address the script is called */
	int is_guarded;		/* and the one that looks after it */
	int is_over;		/* the text has its end */
};

static const struct script {
	const char *key, *file;
} asking = { "magnet.attract-raw-url-to", "authgear.lua" },
    guarding = { "magnet.attract-physical-path-to", "authgear-guard.lua" };

static void
end_script(struct lighty *lighty, const struct script *script, int *is_called)
{
	if (strcmp(lighty->key, script->key) != 0)
		return;
	if (strcmp(lighty->where, "lighttpd") == 0)
		*is_called = lighty->has_script;
	else if (!lighty->has_script)
		doctor_say(lighty->doctor, DOCTOR_BAD, lighty->where,
		    "+= in place of =, or leave it out", "%s is set without "
		    "%s: where that holds nobody is asked, or anybody is "
		    "let in", script->key, script->file);
}

/* While somebody is asked, ours must be the one: authgear-guard.lua sees that
 * it is not, and answers 500. */
static void
end_server(struct lighty *lighty)
{
	if (strcmp(lighty->key, "fastcgi.server") != 0)
		return;
	if (lighty->has_server)
		lighty->is_served = 1;
	else if (lighty->is_served && lighty->depth > 0 &&
	    lighty->holds[lighty->depth] != LIGHTTPD_HOLDS_NOT)
		doctor_say(lighty->doctor, DOCTOR_UNKNOWN, lighty->where,
		    "set it where X-Authgear-Decision is granted; "
		    PROBE, "fastcgi.server is set anew: where that holds "
		    "while authgear-fcgi is asked, nobody is let in (500)");
}

/* The value before this line is all there. */
static void
end_value(struct lighty *lighty)
{
	end_server(lighty);
	end_script(lighty, &asking, &lighty->is_asked);
	end_script(lighty, &guarding, &lighty->is_guarded);
	lighty->key[0] = '\0';
	lighty->has_script = lighty->has_server = 0;
}

/* An else is not at work where what it belongs to is. */
static void
open_place(struct lighty *lighty, const char *line)
{
	const int is_else = begins(line, "else ");
	const char *own = is_else ? line + sizeof("else ") - 1 : line;
	enum lighttpd_holds holds = *own == '$' ?
	    lighttpd_condition_holds(own) : LIGHTTPD_HOLDS_PERHAPS;
	int depth = lighty->depth;

	if (!is_else)
		lighty->closed[depth] = LIGHTTPD_HOLDS_NOT;
	if ((is_else && lighty->closed[depth] == LIGHTTPD_HOLDS) ||
	    (depth > 0 && lighty->holds[depth] == LIGHTTPD_HOLDS_NOT))
		holds = LIGHTTPD_HOLDS_NOT;
	if (depth < DEPTH_MAX)
		lighty->depth = ++depth;
	lighty->holds[depth] = holds;
	lighty->closed[depth] = LIGHTTPD_HOLDS_NOT;
	(void)snprintf(lighty->where, sizeof(lighty->where),
	    "lighttpd %.140s", line);
}

static void
close_place(struct lighty *lighty)
{
	const int inner = lighty->depth;

	if (inner > 0) {
		lighty->depth--;
		if (lighty->holds[inner] > lighty->closed[inner - 1])
			lighty->closed[inner - 1] = lighty->holds[inner];
	}
	(void)snprintf(lighty->where, sizeof(lighty->where), "lighttpd");
}

static void
take_place(struct lighty *lighty, const char *line)
{
	if (*line == '$' || begins(line, "else ")) {
		end_value(lighty);
		open_place(lighty, line);
	} else if (begins(line, "} # end of")) {
		end_value(lighty);
		close_place(lighty);
	} else if (*line >= 'a' && *line <= 'z' &&
	    strstr(line, " = ") != NULL) {
		end_value(lighty);
		(void)snprintf(lighty->key, sizeof(lighty->key), "%.*s",
		    (int)strcspn(line, " "), line);
	}
	lighty->is_over = strcmp(line, "}") == 0;
}

static void
take_script(struct lighty *lighty, const char *line)
{
	char file[64];

	(void)snprintf(file, sizeof(file), "/%s\"",
	    strcmp(lighty->key, asking.key) == 0 ? asking.file :
	    guarding.file);
	if (strstr(line, file) != NULL)
		lighty->has_script = 1;
	if (begins(line, "\"authgear\" => ("))
		lighty->has_server = 1;
}

/* The value of such a line, whole; 0 if it is not one. */
static int
value_of(const char *line, const char *key, char *value, size_t size)
{
	if (!begins(line, key))
		return 0;
	line += strlen(key);
	(void)snprintf(value, size, "%.*s", (int)strcspn(line, "\""), line);
	return 1;
}

static void
take_setting(struct lighty *lighty, const char *line)
{
	char value[1024];

	if (value_of(line, "\"AUTHGEAR_POLICY\" => \"", value,
	    sizeof(value))) {
		lighty->names = 1;
		doctor_named_policy(lighty->doctor, lighty->where, value,
		    "named there", NULL);
	} else if (value_of(line, "\"AUTHGEAR_CACHE\" => \"", value,
	    sizeof(value)))
		doctor_named_pages(lighty->doctor, "lighttpd AUTHGEAR_CACHE",
		    value);
	else if (begins(line, "auth.cache"))
		doctor_say(lighty->doctor, DOCTOR_BAD, lighty->where, "leave "
		    "it out", "auth.cache: a revocation is seen when that "
		    "cache ends");
}

void
doctor_web_lighttpd(struct doctor *doctor, char *text)
{
	struct lighty lighty = { .doctor = doctor, .where = "lighttpd" };
	const int is_begun = begins(text, "config {\n");
	const char *line;

	while (is_begun && (line = doctor_web_lines_next(&text)) != NULL) {
		take_place(&lighty, line);
		take_script(&lighty, line);
		take_setting(&lighty, line);
	}
	end_value(&lighty);
	if (!lighty.is_over)
		doctor_say(doctor, DOCTOR_UNKNOWN, "lighttpd", PROBE,
		    "what it prints of its configuration is not understood");
	else if (lighty.names && !(lighty.is_asked && lighty.is_guarded))
		doctor_say(doctor, DOCTOR_BAD, "lighttpd", "lighty-enable-mod "
		    "authgear, and let nothing behind it set magnet.* anew",
		    "a policy is named, and %s is not called: nobody is asked",
		    lighty.is_asked ? guarding.file : asking.file);
}
