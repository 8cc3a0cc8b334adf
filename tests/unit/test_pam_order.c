/* What is judged of a service beside what libpam does with it: `ours' stands
 * for the module, and denies; `+' and `-' for others that let in and do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <security/pam_appl.h>

#include "admin/pam_order.h"
#include "scratch.h"

#define OURS "pam_debug.so acct=perm_denied"

static const struct {
	const char *x, *sub, *deeper;	/* lines of account */
	int is_let_in;
} rows[] = {
	{ "required ours", "", "", 0 },
	{ "required ours;required +", "", "", 0 },
	{ "required +;required ours", "", "", 0 },
	{ "requisite ours;sufficient +", "", "", 0 },
	/* by its own control */
	{ "optional ours;required +", "", "", 1 },
	{ "sufficient ours;required +", "", "", 1 },
	{ "[default=ignore] ours;required +", "", "", 1 },
	{ "[default=1] ours;required -;required +", "", "", 1 },
	{ "[default=reset] ours;required +", "", "", 1 },
	{ "[default=ok] ours;required +", "", "", 0 },
	{ "[default=ok] ours;sufficient +", "", "", 0 },
	{ "required +;[default=ok] ours;required +", "", "", 0 },
	{ "[default=done] ours;required +", "", "", 0 },
	{ "required +;[default=done] ours;required +", "", "", 0 },
	{ "[success=ok perm_denied=ignore default=die] ours;required +", "",
	    "", 1 },
	/* what ends the phase before it, or only a substack */
	{ "sufficient +;required ours", "", "", 1 },
	{ "[success=done default=bad] +;required ours", "", "", 1 },
	{ "substack sub;required ours", "sufficient +", "", 0 },
	{ "substack sub;required ours", "sufficient +;required -", "", 0 },
	{ "include sub;required ours", "sufficient +", "", 1 },
	{ "substack sub;required ours", "substack deeper", "sufficient +",
	    0 },
	{ "substack sub;required ours", "substack deeper;sufficient +",
	    "sufficient +", 0 },
	{ "substack sub;required +", "sufficient +;required ours", "", 1 },
	{ "substack sub;required +", "substack deeper;required ours",
	    "sufficient +", 0 },
	{ "substack sub;required +", "include deeper;required ours",
	    "sufficient +", 1 },
	{ "sufficient +;substack sub;required +", "required ours", "", 1 },
	/* jumps: of lines, of which a substack is one beside its mark */
	{ "[success=1] +;required ours;required +", "", "", 1 },
	{ "[success=1] +;required -;required ours;required +", "", "", 0 },
	{ "[success=2] +;required -;required ours;required +", "", "", 1 },
	{ "[success=1] +;substack sub;required ours;required +",
	    "required -;required -", "", 0 },
	{ "[success=1] +;substack sub;required +", "required ours", "", 1 },
	{ "[success=2] +;substack sub;required ours;required +",
	    "required -;required -", "", 1 },
	{ "substack sub;required ours;required +",
	    "[success=1] +;required -", "", 0 },
	{ "substack sub;required ours;required +", "[success=1] +", "", 0 },
	{ "[success=9] +;required ours", "", "", 0 },
	/* reset behind it: to what held where the substack began */
	{ "required ours;[default=reset] -;required +", "", "", 1 },
	{ "required ours;[success=reset] +;required +", "", "", 1 },
	{ "required ours;required +;[new_authtok_reqd=ok success=reset] +;"
	    "required +", "", "", 1 },
	{ "requisite ours;[default=reset] -;required +", "", "", 0 },
	{ "[default=die] ours;[default=reset] -;required +", "", "", 0 },
	{ "[default=reset] -;required ours;required +", "", "", 0 },
	{ "required ours;substack sub;required +", "[default=reset] -", "",
	    0 },
	{ "required ours;substack sub;required +",
	    "required +;[default=reset] -;required +", "", 0 },
	{ "required ours;include sub;required +", "[default=reset] -", "",
	    1 },
	{ "substack sub;required +", "required ours;[default=reset] -", "",
	    1 },
	{ "substack sub;required +", "requisite ours;[default=reset] -", "",
	    0 },
	{ "substack sub;[default=reset] -;required +", "requisite ours", "",
	    1 },
	{ "substack sub;[default=reset] -;required +", "required ours", "",
	    1 },
	{ "substack sub;substack deeper;required +", "required ours",
	    "[default=reset] -", 0 },
	{ "substack sub;required +", "required ours;substack deeper",
	    "[default=reset] -", 0 },
	{ "substack sub;required +",
	    "substack deeper;[default=reset] -;required +", "required ours",
	    1 },
};

/* libpam looks for what is included by the whole path alone. */
static void
put_line(FILE *out, const char *folder, const char *line)
{
	char *word = strrchr(line, ' ') + 1;

	(void)fprintf(out, "account %.*s ", (int)(word - line), line);
	if (strcmp(word, "ours") == 0)
		(void)fputs(OURS "\n", out);
	else if (strchr("+-", word[0]) != NULL)
		(void)fprintf(out, "pam_debug.so acct=%s\n",
		    word[0] == '+' ? "success" : "auth_err");
	else
		(void)fprintf(out, "%s/%s\n", folder, word);
}

static void
put(const char *folder, const char *name, const char *lines)
{
	char copy[512], text[2048] = "", *at = copy, *line;
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_non_null(out);
	(void)snprintf(copy, sizeof(copy), "%s", lines);
	while ((line = strsep(&at, ";")) != NULL)
		if (line[0] != '\0')
			put_line(out, folder, line);
	assert_int_equal(fclose(out), 0);
	scratch_write(scratch_path(folder, name), text, strlen(text));
}

static int
talk(int count, const struct pam_message **messages,
    struct pam_response **answers, void *context)
{
	(void)count;
	(void)messages;
	(void)context;
	*answers = NULL;
	return PAM_CONV_ERR;
}

static int
ask_libpam(const char *folder)
{
	const struct pam_conv conversation = { talk, NULL };
	pam_handle_t *handle;
	int ret;

	assert_int_equal(pam_start_confdir("x", "nobody", &conversation,
	    folder, &handle), PAM_SUCCESS);
	ret = pam_acct_mgmt(handle, 0);
	(void)pam_end(handle, ret);
	return ret == PAM_SUCCESS;
}

static int
is_ours(const struct pam_line *line)
{
	return line->count == 1 && strcmp(line->words[0],
	    "acct=perm_denied") == 0;
}

/* As doctor_pam.c asks, but of what does let in: `-' is not asked about. */
static int
judge(const char *folder)
{
	struct pam_service service = { .count = 0 };
	struct error error = { "" };
	size_t i, ours;
	int passed = 0, ret;

	if (pam_service_read(&service, folder, "x", &error) == -1)
		fail_msg("%s", error_text(&error));
	for (ours = 0; !is_ours(&service.lines[ours]); ours++)
		assert_true(ours < service.count);
	for (i = 0; i < ours; i++)
		passed |= pam_order_passes(&service, i, ours);
	ret = passed || !pam_order_keeps(&service.lines[ours]) ||
	    pam_order_forgets(&service, ours) != PAM_ORDER_NONE;
	pam_service_clear(&service);
	return ret;
}

static void
test_as_libpam(void **state)
{
	char *folder;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		folder = scratch_make();
		put(folder, "x", rows[i].x);
		put(folder, "sub", rows[i].sub);
		put(folder, "deeper", rows[i].deeper);
		if (ask_libpam(folder) != rows[i].is_let_in)
			fail_msg("libpam: %s | %s | %s", rows[i].x,
			    rows[i].sub, rows[i].deeper);
		if (judge(folder) != rows[i].is_let_in)
			fail_msg("judged: %s | %s | %s", rows[i].x,
			    rows[i].sub, rows[i].deeper);
		scratch_remove(folder);
	}
}

/* Which lines are asked behind one that says done. */
static void
test_ends(void **state)
{
	static const struct {
		const char *x, *sub;
		int ends;
	} ended[] = {
		{ "required ours;required +", "", 0 },
		{ "sufficient ours;required +", "", 1 },
		{ "[success=done default=bad] ours", "", 0 },
		{ "[success=done default=bad] ours;required +", "", 1 },
		{ "[success=1 default=bad] ours;required +;required +", "",
		    0 },
		{ "substack sub;required +", "[success=done] ours", 0 },
		{ "substack sub;required +", "[success=done] ours;required +",
		    1 },
		{ "include sub;required +", "[success=done] ours", 1 },
	};
	struct pam_service service = { .count = 0 };
	struct error error = { "" };
	char *folder;
	size_t i, ours;

	(void)state;
	for (i = 0; i < sizeof(ended) / sizeof(ended[0]); i++) {
		folder = scratch_make();
		put(folder, "x", ended[i].x);
		put(folder, "sub", ended[i].sub);
		assert_int_equal(pam_service_read(&service, folder, "x",
		    &error), 0);
		for (ours = 0; !is_ours(&service.lines[ours]); ours++)
			assert_true(ours < service.count);
		if (pam_order_ends(&service, ours) != ended[i].ends)
			fail_msg("%s | %s", ended[i].x, ended[i].sub);
		pam_service_clear(&service);
		scratch_remove(folder);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_libpam),
		cmocka_unit_test(test_ends)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
