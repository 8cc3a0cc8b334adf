#include "config.h"

#include "fcgi/probe_print.h"

#include <stdio.h>

#include "face/json_print.h"
#include "fcgi/probe_cause.h"
#include "ground/buffer.h"

#define SENTENCE_MAX 4096	/* bytes; policies are named in it */

void
probe_print_begin(struct probe_print *print, FILE *out, int json)
{
	print->out = out;
	print->json = json;
	print->addresses = 0;
	print->lines = 0;
	if (json)
		fputs("{\"probes\":[", out);
}

void
probe_print_address(struct probe_print *print, const char *url)
{
	if (print->json) {
		fputs(print->addresses > 0 ? ",\n{" : "\n{", print->out);
		json_print_text(print->out, "\"url\":", url);
		fputs(",\"askings\":[", print->out);
	} else {
		fprintf(print->out, "%s%s\n", print->addresses > 0 ? "\n" : "",
		    url);
	}
	print->addresses++;
	print->lines = 0;
	fflush(print->out);
}

static void
print_json_result(struct probe_print *print, const struct probe_result *result)
{
	FILE *out = print->out;

	fputs(print->lines > 0 ? ",\n {" : "\n {", out);
	json_print_text(out, "\"method\":", result->asking->method);
	json_print_text(out, ",\"brings\":",
	    probe_ask_brings_name(result->asking->brings));
	json_print_text(out, ",\"verdict\":",
	    probe_verdict_name(probe_why_verdict(result->why)));
	json_print_text(out, ",\"why\":", probe_why_name(result->why));
	fprintf(out, ",\"status\":%d", result->status);
	if (result->reason[0] != '\0')
		json_print_text(out, ",\"reason\":", result->reason);
	if (result->id[0] != '\0')
		json_print_text(out, ",\"request_id\":", result->id);
	if (result->error.text[0] != '\0')
		json_print_text(out, ",\"error\":",
		    error_text(&result->error));
	fputs("}", out);
}

static void
print_line(const struct probe_print *print, const struct probe_result *result)
{
	const char *colon = ": ", *more = "";
	char status[16] = "-";

	if (result->status != 0)
		(void)snprintf(status, sizeof(status), "%d", result->status);
	if (result->why == PROBE_REFUSED || result->why == PROBE_LOGIN)
		more = result->reason;
	else if (result->why == PROBE_BROKEN || result->why == PROBE_UNHEARD)
		more = error_text(&result->error);
	if (more[0] == '\0')
		colon = "";
	fprintf(print->out, "  %-8s  %-8s  %-17s  %3s  %s%s%s\n",
	    probe_verdict_name(probe_why_verdict(result->why)),
	    result->asking->method,
	    probe_ask_brings_name(result->asking->brings), status,
	    probe_why_text(result->why), colon, more);
}

void
probe_print_result(struct probe_print *print,
    const struct probe_result *result)
{
	if (print->json)
		print_json_result(print, result);
	else
		print_line(print, result);
	print->lines++;
	fflush(print->out);
}

void
probe_print_summary(struct probe_print *print, const char *url,
    const struct probe_report *report, const struct settings *settings)
{
	const char *verdict = probe_verdict_name(probe_report_verdict(report));
	struct buffer text;
	const char *cause;

	buffer_init(&text, SENTENCE_MAX);
	probe_cause_say(report, settings, &text);
	cause = text.failed ? "out of memory" : text.data;
	if (print->json) {
		fputs("],\n ", print->out);
		json_print_text(print->out, "\"verdict\":", verdict);
		json_print_text(print->out, ",\"code\":",
		    probe_cause_name(probe_cause_of(report)));
		json_print_text(print->out, ",\"cause\":", cause);
		fputs("}", print->out);
	} else {
		fprintf(print->out, "%s: %s: %s.\n", url, verdict, cause);
		if (probe_is_hopeless(report))
			fprintf(print->out, "%zu more were not asked, since "
			    "%d in a row got no answer.\n",
			    PROBE_ASKINGS - report->count, PROBE_MAX_UNHEARD);
	}
	buffer_clear(&text);
	fflush(print->out);
}

int
probe_print_end(struct probe_print *print, enum probe_verdict verdict)
{
	if (print->json) {
		fputs("\n],", print->out);
		json_print_text(print->out, "\"verdict\":",
		    probe_verdict_name(verdict));
		fputs("}\n", print->out);
	}
	return fflush(print->out) == 0 && !ferror(print->out) ? 0 : -1;
}
