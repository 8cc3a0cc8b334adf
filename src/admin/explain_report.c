#include "admin/explain_report.h"

#include <stdlib.h>
#include <string.h>

#include "admin/table.h"
#include "face/json_print.h"
#include "ground/json_scan.h"

#define DIGITS 16
#define STEP_WIDTH 12
#define MARK_WIDTH 10

/* --- written */

/* A text that was cut may end within a character; what is none at all is told
 * without its bytes. */
static void
write_text(FILE *out, const char *before, const char *text)
{
	char copy[GATE_EXPLAIN_TEXT];
	size_t len, i;

	(void)snprintf(copy, sizeof(copy), "%s", text);
	len = strlen(copy);
	for (i = 0; i < 3 && len > 0 && !json_scan_is_utf8(copy); i++)
		copy[--len] = '\0';
	for (i = 0; !json_scan_is_utf8(copy) && copy[i] != '\0'; i++)
		if ((unsigned char)copy[i] >= 0x80)
			copy[i] = '?';
	json_print_text(out, before, copy);
}

void
explain_report_step(FILE *out, const char *name, enum gate_explain_mark mark,
    const char *text)
{
	json_print_text(out, "{\"step\":", name);
	json_print_text(out, ",\"result\":", gate_explain_mark_name(mark));
	write_text(out, ",\"text\":", text);
	(void)fputs("}\n", out);
}

void
explain_report_decision(FILE *out, const struct decision *decision)
{
	const struct facts *facts = decision->facts;
	char digits[DIGITS + 1];

	(void)snprintf(digits, sizeof(digits), "%.*s", DIGITS,
	    decision->credential_hash);
	json_print_text(out, "{\"reason\":", reason_name(decision->reason));
	json_print_text(out, ",\"kind\":",
	    credential_kind_name(decision->kind));
	json_print_text(out, ",\"credential\":", digits[0] == '\0' ? NULL :
	    digits);
	json_print_text(out, ",\"policy\":", decision->policy != NULL ?
	    decision->policy->name : NULL);
	json_print_text(out, ",\"user\":", facts != NULL ? facts->user_id :
	    NULL);
	json_print_text(out, ",\"remote_user\":", decision->remote_user);
	write_text(out, ",\"detail\":", decision->detail.text);
	(void)fprintf(out, ",\"may_pass\":%s,\"retry_after\":%d}\n",
	    decision->may_pass ? "true" : "false", decision->retry_after);
}

/* --- read */

/* A member that is a text or null. */
static int
read_text(const struct json *line, const char *name, char **text_out)
{
	const char *text;

	if (json_find_string(line, name, &text) != JSON_FOUND)
		return 0;
	free(*text_out);
	*text_out = strdup(text);
	return *text_out == NULL ? -1 : 0;
}

static const char *
find_mark(const char *name)
{
	const char *mark;
	int i;

	for (i = GATE_EXPLAIN_TOLD; i <= GATE_EXPLAIN_SKIPPED; i++) {
		mark = gate_explain_mark_name((enum gate_explain_mark)i);
		if (strcmp(mark, name) == 0)
			return mark;
	}
	return NULL;
}

static int
read_step(struct explain_report *report, const struct json *line)
{
	struct explain_step *step;
	const char *mark;

	if (report->count == EXPLAIN_REPORT_STEPS ||
	    json_find_string(line, "result", &mark) != JSON_FOUND)
		return -1;
	step = &report->steps[report->count++];
	step->mark = find_mark(mark);
	if (step->mark == NULL || read_text(line, "step", &step->name) == -1 ||
	    read_text(line, "text", &step->text) == -1)
		return -1;
	return step->name != NULL && strlen(step->name) < STEP_WIDTH &&
	    step->text != NULL ? 0 : -1;
}

static int
read_kind(const char *name, enum credential_kind *kind_out)
{
	int i;

	for (i = CREDENTIAL_NONE; i <= CREDENTIAL_SESSION_COOKIE; i++) {
		*kind_out = (enum credential_kind)i;
		if (strcmp(name, credential_kind_name(*kind_out)) == 0)
			return 0;
	}
	return -1;
}

static int
is_digits(const char *text)
{
	return text == NULL || (strlen(text) == DIGITS &&
	    strspn(text, "0123456789abcdef") == DIGITS);
}

int
explain_report_read(struct explain_report *report, const struct json *line)
{
	const char *reason, *kind;

	if (report->is_whole)
		return -1;
	if (json_has(line, "step"))
		return read_step(report, line);
	if (json_find_string(line, "reason", &reason) != JSON_FOUND ||
	    (report->reason = reason_find(reason)) == REASON_COUNT ||
	    json_find_string(line, "kind", &kind) != JSON_FOUND ||
	    read_kind(kind, &report->kind) == -1 ||
	    json_find_boolean(line, "may_pass", &report->may_pass) !=
	    JSON_FOUND || json_find_seconds(line, "retry_after",
	    &report->retry_after) != JSON_FOUND)
		return -1;
	if (read_text(line, "policy", &report->policy) == -1 ||
	    read_text(line, "credential", &report->credential) == -1 ||
	    read_text(line, "user", &report->user) == -1 ||
	    read_text(line, "remote_user", &report->remote_user) == -1 ||
	    read_text(line, "detail", &report->detail) == -1 ||
	    !is_digits(report->credential))
		return -1;
	report->is_whole = 1;
	return 0;
}

void
explain_report_clear(struct explain_report *report)
{
	size_t i;

	for (i = 0; i < report->count; i++) {
		free(report->steps[i].name);
		free(report->steps[i].text);
	}
	free(report->policy);
	free(report->credential);
	free(report->user);
	free(report->remote_user);
	free(report->detail);
	memset(report, 0, sizeof(*report));
}

/* --- told */

static void
print_step(const char *name, const char *mark, const char *text)
{
	(void)printf("%-*s %-*s ", STEP_WIDTH, name, MARK_WIDTH, mark);
	table_wrap(STEP_WIDTH + MARK_WIDTH + 2, text);
}

/* Nobody asked it to ask. */
static const char *
meaning_of(enum reason reason)
{
	return reason == REASON_NOT_ASKED ? "What is known here does not "
	    "decide it, and a daemon would ask Authgear now; with --ask this "
	    "does." : reason_sentence(reason);
}

static void
print_text(const struct explain_report *report)
{
	const char *before = "";
	const struct explain_step *step;
	const enum verdict verdict = reason_verdict(report->reason);
	size_t i;

	for (i = 0; i < report->count; i++) {
		step = &report->steps[i];
		print_step(strcmp(step->name, before) == 0 ? "" : step->name,
		    step->mark, step->text);
		before = step->name;
	}
	print_step("verdict", verdict_name(verdict), report->may_pass ?
	    "no-credential, but the policy lets such a request pass" :
	    reason_name(report->reason));
	if (report->policy != NULL)
		print_step("", "policy", report->policy);
	if (report->remote_user != NULL)
		print_step("", "as", report->remote_user);
	print_step("", "meaning", meaning_of(report->reason));
	if (report->detail != NULL && report->detail[0] != '\0')
		print_step("", "detail", report->detail);
}

static void
print_json(const struct explain_report *report)
{
	const struct explain_step *step;
	size_t i;

	json_print_text(stdout, "{\"verdict\":",
	    verdict_name(reason_verdict(report->reason)));
	json_print_text(stdout, ",\"reason\":", reason_name(report->reason));
	json_print_text(stdout, ",\"meaning\":", meaning_of(report->reason));
	json_print_text(stdout, ",\"detail\":", report->detail);
	(void)printf(",\"may_pass\":%s,\"retry_after\":%lld",
	    report->may_pass ? "true" : "false",
	    (long long)report->retry_after);
	json_print_text(stdout, ",\"policy\":", report->policy);
	json_print_text(stdout, ",\"kind\":",
	    credential_kind_name(report->kind));
	json_print_text(stdout, ",\"credential\":", report->credential);
	json_print_text(stdout, ",\"user\":", report->user);
	json_print_text(stdout, ",\"remote_user\":", report->remote_user);
	(void)fputs(",\"steps\":[", stdout);
	for (i = 0; i < report->count; i++) {
		step = &report->steps[i];
		json_print_text(stdout, i > 0 ? ",{\"step\":" : "{\"step\":",
		    step->name);
		json_print_text(stdout, ",\"result\":", step->mark);
		json_print_text(stdout, ",\"text\":", step->text);
		(void)putchar('}');
	}
	(void)fputs("]}\n", stdout);
}

void
explain_report_print(const struct explain_report *report, int json)
{
	if (json)
		print_json(report);
	else
		print_text(report);
}
