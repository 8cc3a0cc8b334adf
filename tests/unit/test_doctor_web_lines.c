#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "admin/doctor.h"
#include "admin/doctor_web_lighttpd.h"
#include "admin/doctor_web_lines.h"
#include "admin/lighttpd_condition.h"

/* What was said: lines, and how many of each finding. */
static char said[8192];

void
doctor_say(struct doctor *doctor, enum doctor_finding finding,
    const char *subject, const char *remedy, const char *format, ...)
{
	size_t len = strlen(said);
	va_list arguments;

	len += (size_t)snprintf(said + len, sizeof(said) - len, "%s: ",
	    subject);
	va_start(arguments, format);
	(void)vsnprintf(said + len, sizeof(said) - len, format, arguments);
	va_end(arguments);
	len = strlen(said);
	(void)snprintf(said + len, sizeof(said) - len, " [%s]\n",
	    remedy == NULL ? "" : remedy);
	doctor->counts[finding]++;
}

#define FILE_IS "# In file: /etc/apache2/apache2.conf\n"
#define ON "<Location \"/\">\nLuaHookAccessChecker \"/x.lua\" " \
    "authgear_question early\n</Location>\n"
#define ASKS "AuthMerging And\n<RequireAll >\n<RequireAny >\n" \
    "Require authgear-once\n</RequireAny>\nRequire authgear\n</RequireAll>\n"
#define GUARD(name) "<Location \"/\">\nAuthType Authgear\nAuthName \"" name \
    "\"\n" ASKS "</Location>\n"
#define OPEN "Require all granted\n"
#define HOST "<VirtualHost *>\n"
#define END "</VirtualHost>\n"
#define WHOLE FILE_IS HOST ON GUARD("authgear default")

#define RAW "magnet.attract-raw-url-to = "
#define SCRIPTS RAW "(\"/x/authgear.lua\")\n" \
    "magnet.attract-physical-path-to = (\n\"/x/authgear-guard.lua\",\n)\n"
#define POLICY "setenv.set-environment = (\n\"AUTHGEAR_POLICY\" => " \
    "\"default\",\n)\n"

#define DECISION "$REQUEST_HEADER[\"X-Authgear-Decision\"] "
#define URL "$HTTP[\"url\"] "
#define HOST_IS "$HTTP[\"host\"] == \"b\" {\n"
#define OURS DECISION "!~ \"^(granted|pass|public)$\" {\n" \
    "fastcgi.server = (\n\"/\" => (\n\"authgear\" => (\n" \
    "\"mode\" => \"authorizer\",\n),\n),\n)\n} # end of x\n"
#define SERVER "fastcgi.server = (\n\"\" => (\n(\n\"port\" => 80,\n),\n" \
    "),\n)\n"
#define LIGHTY "config {\n" SCRIPTS POLICY OURS

static const struct row {
	const char *name;
	void (*look)(struct doctor *, char *);
	size_t counts[3];	/* good, bad, unknown */
	const char *line;	/* NULL: none is said */
	const char *text;
} rows[] = {
	{ "a policy", doctor_web_lines_apache, { 1, 0, 0 },
	    "policy default, <Location", WHOLE END },
	{ "nobody", doctor_web_lines_apache, { 1, 0, 0 },
	    "nobody is asked, as it says",
	    FILE_IS HOST ON GUARD("authgear-public") END },
	{ "a handler", doctor_web_lines_apache, { 1, 0, 0 }, "closed",
	    FILE_IS HOST ON GUARD("authgear-handler") END },
	{ "nothing of ours", doctor_web_lines_apache, { 0, 0, 0 }, NULL,
	    FILE_IS HOST "<Location \"/\">\n" OPEN "</Location>\n" END },
	{ "an earlier location", doctor_web_lines_apache, { 1, 0, 0 },
	    "policy default", FILE_IS HOST "<Location \"/x\">\n" OPEN
	    "</Location>\n" ON GUARD("authgear default") END },
	{ "a later one that merges", doctor_web_lines_apache, { 1, 0, 0 },
	    "policy default", WHOLE "<Location \"/x\">\nAuthMerging And\n"
	    OPEN "</Location>\n" END },
	{ "rules of a directory", doctor_web_lines_apache, { 1, 0, 0 },
	    "policy default", WHOLE "<Directory \"/x\">\n" OPEN
	    "</Directory>\n" END },

	{ "a later location", doctor_web_lines_apache, { 1, 0, 1 },
	    "<Location \"/x\"> has access rules of its own",
	    WHOLE "<Location \"/x\">\n" OPEN "</Location>\n" END },
	{ "a later match", doctor_web_lines_apache, { 1, 0, 1 },
	    "<LocationMatch \"x\"> has", WHOLE "<LocationMatch \"x\">\n"
	    "AuthMerging Off\n" OPEN "</LocationMatch>\n" END },
	{ "one that merges by Or", doctor_web_lines_apache, { 1, 0, 1 },
	    "has access rules", WHOLE "<Location \"/x\">\nAuthMerging Or\n"
	    OPEN "</Location>\n" END },
	{ "a later container", doctor_web_lines_apache, { 1, 0, 1 },
	    "has access rules", WHOLE "<Location \"/x\">\n<RequireAny >\n"
	    OPEN "</RequireAny>\n</Location>\n" END },
	{ "If, before", doctor_web_lines_apache, { 1, 0, 1 },
	    "<If \"true\"> has", FILE_IS HOST "<If \"true\">\n" OPEN
	    "</If>\n" ON GUARD("authgear default") END },
	{ "If of the server", doctor_web_lines_apache, { 1, 0, 1 },
	    "apache: <If \"true\"> has", WHOLE END "<If \"true\">\n" OPEN
	    "</If>\n" },
	{ "of a server that guards", doctor_web_lines_apache, { 1, 0, 1 },
	    "has access rules", FILE_IS ON GUARD("authgear default") HOST
	    "<Location \"/x\">\n" OPEN "</Location>\n" END },
	{ "a name alone", doctor_web_lines_apache, { 0, 0, 1 },
	    "whether anybody is asked is not known", FILE_IS HOST ON
	    "<Location \"/\">\nAuthName \"authgear default\"\n"
	    "</Location>\n" END },
	{ "another Require beside", doctor_web_lines_apache, { 0, 0, 1 },
	    "whether anybody is asked is not known", FILE_IS HOST ON
	    "<Location \"/\">\nAuthType Authgear\nAuthName \"authgear x\"\n"
	    ASKS OPEN "</Location>\n" END },
	{ "another container beside", doctor_web_lines_apache, { 0, 0, 1 },
	    "whether anybody is asked is not known", FILE_IS HOST ON
	    "<Location \"/\">\nAuthType Authgear\nAuthName \"authgear x\"\n"
	    ASKS "<RequireAny >\n" OPEN "</RequireAny>\n</Location>\n" END },
	{ "another type", doctor_web_lines_apache, { 0, 0, 1 },
	    "whether anybody is asked is not known", FILE_IS HOST ON
	    "<Location \"/\">\nAuthType Basic\nAuthName \"authgear x\"\n"
	    ASKS "</Location>\n" END },
	{ "of a directory", doctor_web_lines_apache, { 0, 1, 1 },
	    "<Directory \"/\"> has the name", FILE_IS HOST ON
	    "<Directory \"/\">\nAuthType Authgear\nAuthName \"authgear x\"\n"
	    ASKS "</Directory>\n" END },
	{ "a name that begins so", doctor_web_lines_apache, { 0, 1, 0 },
	    "ask nobody", FILE_IS HOST ON "<Location \"/\">\n"
	    "AuthName \"authgear-intranet\"\n" ASKS "</Location>\n" END },
	{ "not switched on", doctor_web_lines_apache, { 1, 1, 0 },
	    "no Use AuthgearOn",
	    FILE_IS HOST GUARD("authgear default") END },
	{ "on for a part", doctor_web_lines_apache, { 1, 1, 0 },
	    "no Use AuthgearOn", FILE_IS HOST "<Location \"/x\">\n"
	    "LuaHookAccessChecker \"/x.lua\" authgear_question early\n"
	    "</Location>\n" GUARD("authgear default") END },

	{ "no text", doctor_web_lines_apache, { 0, 0, 1 },
	    "not understood", "" },
	{ "another text", doctor_web_lines_apache, { 0, 0, 1 },
	    "not understood", "Usage: apache2 [-D name]\n" },
	{ "no directive", doctor_web_lines_apache, { 1, 0, 1 },
	    "not understood", WHOLE ")(\n" END },
	{ "a host without an end", doctor_web_lines_apache, { 1, 0, 1 },
	    "not understood", WHOLE },

	{ "lighttpd", doctor_web_lighttpd, { 1, 0, 0 },
	    "policy default, named there", "config {\n" SCRIPTS POLICY "}\n" },
	{ "lighttpd without us", doctor_web_lighttpd, { 0, 0, 0 },
	    NULL, "config {\nserver.port = 80\n}\n" },
	{ "both scripts", doctor_web_lighttpd, { 1, 0, 0 },
	    "policy default", "config {\n" SCRIPTS POLICY
	    "$HTTP[\"url\"] == \"/x\" {\n" RAW
	    "(\"/x/authgear-public.lua\", \"/x/authgear.lua\")\n"
	    "} # end of $HTTP[\"url\"] == \"/x\"\n}\n" },
	{ "no script", doctor_web_lighttpd, { 1, 1, 0 },
	    "authgear.lua is not called", "config {\n" POLICY "}\n" },
	{ "pages that are nowhere", doctor_web_lighttpd, { 1, 2, 0 },
	    "lighttpd AUTHGEAR_CACHE: /nowhere/a is no directory", "config {\n"
	    SCRIPTS "setenv.add-environment = (\n\"AUTHGEAR_CACHE\" => "
	    "\"/nowhere/a /nowhere/b\",\n)\n" POLICY "}\n" },
	{ "one page", doctor_web_lighttpd, { 1, 1, 0 },
	    "is not two directories", "config {\n" SCRIPTS
	    "setenv.add-environment = (\n\"AUTHGEAR_CACHE\" => "
	    "\"/nowhere/a\",\n)\n" POLICY "}\n" },
	{ "set without ours", doctor_web_lighttpd, { 1, 1, 0 },
	    "set without authgear.lua", "config {\n" SCRIPTS POLICY
	    "$HTTP[\"url\"] == \"/x\" {\n" RAW "()\n"
	    "} # end of $HTTP[\"url\"] == \"/x\"\n}\n" },
	{ "many lines without ours", doctor_web_lighttpd, { 1, 1, 0 },
	    "lighttpd else {: magnet.attract-physical-path-to is set",
	    "config {\n" SCRIPTS POLICY "else {\n"
	    "magnet.attract-physical-path-to = (\n\"/x/authgear.lua\",\n)\n"
	    "} # end of else\n}\n" },
	{ "a server where it was granted", doctor_web_lighttpd, { 1, 0, 0 },
	    "named there", LIGHTY DECISION "== \"granted\" {\n" SERVER
	    "} # end of x\n}\n" },
	{ "a server of an address", doctor_web_lighttpd, { 1, 0, 0 },
	    "named there", LIGHTY URL "=^ \"/app/\" {\n" SERVER
	    "} # end of x\n" URL "=~ \"\\.php$\" {\n" SERVER
	    "} # end of x\n}\n" },
	{ "a server for all, which ours takes the place of",
	    doctor_web_lighttpd, { 1, 0, 0 }, "named there",
	    "config {\n" SCRIPTS POLICY SERVER OURS "}\n" },
	{ "a server of a host before ours", doctor_web_lighttpd, { 1, 0, 0 },
	    "named there", "config {\n" SCRIPTS POLICY HOST_IS SERVER
	    "} # end of x\n" OURS "}\n" },
	{ "ours of a host", doctor_web_lighttpd, { 1, 0, 0 },
	    "named there", LIGHTY HOST_IS "fastcgi.server = (\n"
	    "\"/\" => (\n\"authgear\" => (\n),\n),\n)\n"
	    "} # end of x\n}\n" },
	{ "an address of a host", doctor_web_lighttpd, { 1, 0, 0 },
	    "named there", LIGHTY HOST_IS "server.tag = \"x\"\n"
	    URL "=^ \"/app/\" {\n" SERVER "} # end of x\n} # end of y\n"
	    "}\n" },
	{ "within what is not at work", doctor_web_lighttpd, { 1, 0, 0 },
	    "named there", LIGHTY URL "=^ \"/app/\" {\n" HOST_IS SERVER
	    "} # end of x\nelse {\n" SERVER "} # end of else\n"
	    "} # end of y\n}\n" },
	{ "an else of what is at work", doctor_web_lighttpd, { 1, 0, 0 },
	    "named there", LIGHTY URL "!~ \"^/app/\" {\n"
	    "} # end of x\nelse " HOST_IS SERVER "} # end of y\n"
	    "else {\n" SERVER "} # end of else\n}\n" },
	{ "a server of a host", doctor_web_lighttpd, { 1, 0, 1 },
	    "\"b\" {: fastcgi.server is set anew", LIGHTY HOST_IS SERVER
	    "} # end of x\n}\n" },
	{ "of two hosts", doctor_web_lighttpd, { 1, 0, 2 },
	    "fastcgi.server is set anew", LIGHTY HOST_IS SERVER
	    "} # end of x\nelse " HOST_IS SERVER "} # end of y\n}\n" },
	{ "none at all", doctor_web_lighttpd, { 1, 0, 1 },
	    "fastcgi.server is set anew", LIGHTY HOST_IS
	    "fastcgi.server = ()\n} # end of x\n}\n" },
	{ "of another address", doctor_web_lighttpd, { 1, 0, 1 },
	    "fastcgi.server is set anew", LIGHTY URL "!~ \"^/app/\" {\n"
	    SERVER "} # end of x\n}\n" },
	{ "of each address", doctor_web_lighttpd, { 1, 0, 1 },
	    "fastcgi.server is set anew", LIGHTY URL "=^ \"/\" {\n" SERVER
	    "} # end of x\n}\n" },
	{ "an else of an address", doctor_web_lighttpd, { 1, 0, 1 },
	    "lighttpd else {: fastcgi.server is set anew", LIGHTY URL
	    "=^ \"/app/\" {\n} # end of x\nelse {\n" SERVER
	    "} # end of else\n}\n" },
	{ "behind what is not at work", doctor_web_lighttpd, { 1, 0, 1 },
	    "fastcgi.server is set anew", LIGHTY URL "=^ \"/app/\" {\n"
	    HOST_IS "} # end of x\n} # end of y\n" HOST_IS SERVER
	    "} # end of z\n}\n" },
	{ "while it is asked", doctor_web_lighttpd, { 1, 0, 1 },
	    "fastcgi.server is set anew", LIGHTY DECISION "!= \"granted\" {\n"
	    SERVER "} # end of x\n}\n" },
	{ "lighttpd, no text", doctor_web_lighttpd, { 0, 0, 1 },
	    "not understood", "" },
	{ "lighttpd, another text", doctor_web_lighttpd, { 0, 0, 1 },
	    "not understood", "usage\n}\n" },
	{ "lighttpd, cut", doctor_web_lighttpd, { 1, 0, 1 },
	    "not understood", "config {\n" SCRIPTS POLICY },
};

static void
test_rows(void **state)
{
	static char text[4096];
	const struct row *row;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct doctor doctor = { 0 };

		row = &rows[i];
		said[0] = '\0';
		(void)snprintf(text, sizeof(text), "%s", row->text);
		row->look(&doctor, text);
		if (memcmp(doctor.counts, row->counts,
		    sizeof(row->counts)) != 0 || (row->line == NULL ?
		    said[0] != '\0' : strstr(said, row->line) == NULL))
			fail_msg("%s: %s", row->name, said);
	}
}

/* What is at work while the request stands where we are asked. */
static void
test_conditions(void **state)
{
	static const struct {
		const char *line;
		enum lighttpd_holds holds;
	} conditions[] = {
		{ URL "== \"/x\" {", LIGHTTPD_HOLDS_NOT },
		{ URL "!= \"/x\" {", LIGHTTPD_HOLDS },
		{ URL "=^ \"/app/\" {", LIGHTTPD_HOLDS_NOT },
		{ URL "=^ \"\" {", LIGHTTPD_HOLDS },
		{ URL "=^ \"/_auth\" {", LIGHTTPD_HOLDS },
		{ URL "=^ \"/b\"/\" {", LIGHTTPD_HOLDS_NOT },
		{ URL "=$ \".php\" {", LIGHTTPD_HOLDS_NOT },
		{ URL "=$ \"x\" {", LIGHTTPD_HOLDS },
		{ URL "=~ \"\\.php$\" {", LIGHTTPD_HOLDS_NOT },
		{ URL "=~ \"^/(a|b)/\" {", LIGHTTPD_HOLDS_NOT },
		{ URL "=~ \"^/a|gear\" {", LIGHTTPD_HOLDS },
		{ URL "=~ \"\" {", LIGHTTPD_HOLDS },
		{ URL "!~ \"^/a/\" {", LIGHTTPD_HOLDS },
		{ URL "!~ \"^/\" {", LIGHTTPD_HOLDS_NOT },
		{ URL "=~ \"(?i)^/a\" {", LIGHTTPD_HOLDS_PERHAPS },
		{ URL "=~ \"^/\\d+\" {", LIGHTTPD_HOLDS_PERHAPS },
		{ URL "=~ \"^/a+?\" {", LIGHTTPD_HOLDS_PERHAPS },
		{ URL "=~ \"^/a{2}\" {", LIGHTTPD_HOLDS_PERHAPS },
		{ URL "=~ \"(\" {", LIGHTTPD_HOLDS_PERHAPS },
		{ URL "!~ \"\\w\" {", LIGHTTPD_HOLDS_PERHAPS },
		{ URL "=~ \"^/\xc3\xa4\" {", LIGHTTPD_HOLDS_PERHAPS },
		{ URL "?? \"/x\" {", LIGHTTPD_HOLDS_PERHAPS },
		{ URL "== \"/x\"", LIGHTTPD_HOLDS_PERHAPS },
		{ URL "== /x {", LIGHTTPD_HOLDS_PERHAPS },
		{ URL, LIGHTTPD_HOLDS_PERHAPS },
		{ "$HTTP[\"host\"] == \"/x\" {", LIGHTTPD_HOLDS_PERHAPS },
		{ "$REQUEST_HEADER[\"X-Other\"] == \"a\" {",
		    LIGHTTPD_HOLDS_PERHAPS },
		{ DECISION "== \"granted\" {", LIGHTTPD_HOLDS_NOT },
		{ DECISION "== \"\" {", LIGHTTPD_HOLDS },
		{ DECISION "!= \"granted\" {", LIGHTTPD_HOLDS },
		{ DECISION "=~ \"^(granted|pass)$\" {", LIGHTTPD_HOLDS_NOT },
		{ DECISION "!~ \"^(granted|pass)$\" {", LIGHTTPD_HOLDS },
		{ DECISION "=~ \"granted|\" {", LIGHTTPD_HOLDS },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
		if (lighttpd_condition_holds(conditions[i].line) !=
		    conditions[i].holds)
			fail_msg("%s", conditions[i].line);
}

/* Who cannot know says how to know. */
static void
test_remedy(void **state)
{
	char text[] = "nothing of a web server";
	struct doctor doctor = { 0 };

	(void)state;
	said[0] = '\0';
	doctor_web_lines_apache(&doctor, text);
	assert_non_null(strstr(said, "doctor --probe"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
