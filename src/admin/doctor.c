#include "admin/doctor.h"

#include <stdarg.h>
#include <stdio.h>

#include "face/json_print.h"

#define TEXT_SIZE 1024		/* bytes of each of the three, with NUL */

static const char *const names[] = {
	[DOCTOR_GOOD] = "good",
	[DOCTOR_BAD] = "bad",
	[DOCTOR_UNKNOWN] = "unknown"
};

/* It goes to a terminal, whoever wrote it. */
static void
make_plain(char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static void
say_json(const char *finding, const char *subject, const char *text,
    const char *remedy)
{
	json_print_text(stdout, "{\"finding\":", finding);
	json_print_text(stdout, ",\"subject\":", subject);
	json_print_text(stdout, ",\"text\":", text);
	json_print_text(stdout, ",\"remedy\":", remedy);
	(void)fputs("}\n", stdout);
}

void
doctor_say(struct doctor *doctor, enum doctor_finding finding,
    const char *subject, const char *remedy, const char *format, ...)
{
	char about[TEXT_SIZE], text[TEXT_SIZE], help[TEXT_SIZE] = "";
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	(void)snprintf(about, sizeof(about), "%s", subject);
	if (remedy != NULL)
		(void)snprintf(help, sizeof(help), "%s", remedy);
	make_plain(about);
	make_plain(text);
	make_plain(help);
	doctor->counts[finding]++;
	if (doctor->json)
		say_json(names[finding], about, text,
		    remedy != NULL ? help : NULL);
	else if (finding == DOCTOR_UNKNOWN)
		(void)printf("cannot be looked at: %s: %s%s%s\n", about, text,
		    remedy != NULL ? "; " : "", help);
	else
		(void)printf("%s: %s: %s%s%s\n", names[finding], about, text,
		    remedy != NULL ? "; " : "", help);
	(void)fflush(stdout);
}
