#include "face/settings_print.h"

#include <stdio.h>
#include <string.h>

#include "face/json_print.h"
#include "ground/json_scan.h"
#include "settings/settings_table.h"

/* No value that the file could hold: the line says what goes without one. */
static int
is_unset(const struct settings_row *row, const struct buffer *value)
{
	return value->len == 0 ||
	    (row->minimum > 0 && strcmp(value->data, "0") == 0);
}

static int
print_text(FILE *out, const char *section, const void *target)
{
	const struct settings_row *row;
	struct buffer value;
	size_t i;

	for (i = 0; (row = settings_table_at(i)) != NULL; i++) {
		if (strcmp(row->key.section, section) != 0)
			continue;
		buffer_init(&value, SETTINGS_MAX_VALUE * 2);
		settings_table_print(target, row, &value);
		if (value.failed) {
			buffer_clear(&value);
			return -1;
		}
		if (is_unset(row, &value))
			fprintf(out, "# %s: %s\n", row->key.name,
			    row->key.default_text);
		else
			fprintf(out, "%s = %s\n", row->key.name, value.data);
		buffer_clear(&value);
	}
	return 0;
}

static int
print_json_members(FILE *out, const char *section, const void *target)
{
	const struct settings_row *row;
	struct buffer value;
	const char *comma = "";
	size_t i;

	for (i = 0; (row = settings_table_at(i)) != NULL; i++) {
		if (strcmp(row->key.section, section) != 0)
			continue;
		buffer_init(&value, SETTINGS_MAX_VALUE * 2);
		settings_table_print(target, row, &value);
		if (value.failed || !json_scan_is_utf8(value.data)) {
			buffer_clear(&value);
			return -1;
		}
		json_print_text(out, comma, row->key.name);
		json_print_text(out, ":", value.data);
		buffer_clear(&value);
		comma = ",";
	}
	return 0;
}

static int
print_json(const struct settings *settings, FILE *out)
{
	const char *comma = "";
	size_t i;

	fputs("{\"authgear\":{", out);
	if (print_json_members(out, "authgear", settings) == -1)
		return -1;
	fputs("},\"policies\":{", out);
	for (i = 0; i < settings->policy_count; i++) {
		fprintf(out, "%s\"%s\":{", comma, settings->policies[i]->name);
		if (print_json_members(out, "policy",
		    settings->policies[i]) == -1)
			return -1;
		fputs("}", out);
		comma = ",";
	}
	fputs("},\"warnings\":[", out);
	for (i = 0; i < settings->warnings.count; i++) {
		if (!json_scan_is_utf8(settings->warnings.words[i]))
			return -1;
		json_print_text(out, i > 0 ? "," : "",
		    settings->warnings.words[i]);
	}
	fputs("]}\n", out);
	return 0;
}

/* What is no fault, and to be known by who uses such a policy for PAM. */
static void
print_notes(const struct settings *settings, FILE *out)
{
	size_t i;

	for (i = 0; i < settings->policy_count; i++)
		if (settings->policies[i]->remote_user ==
		    POLICY_REMOTE_USER_CLAIM)
			fprintf(out, "\n# note: policy %s: its remote_user is "
			    "a claim, from which no way leads back to the "
			    "user: pam_authgear cannot tell whether a login "
			    "without a credential is of a blocked user; that "
			    "an account is one user's is the duty of the hook "
			    "that makes the claim\n",
			    settings->policies[i]->name);
}

int
settings_print(const struct settings *settings, FILE *out, int json)
{
	size_t i;

	if (json) {
		if (print_json(settings, out) == -1)
			return -1;
		return fflush(out) == 0 && !ferror(out) ? 0 : -1;
	}
	fputs("[authgear]\n", out);
	if (print_text(out, "authgear", settings) == -1)
		return -1;
	for (i = 0; i < settings->policy_count; i++) {
		fprintf(out, "\n[policy %s]\n", settings->policies[i]->name);
		if (print_text(out, "policy", settings->policies[i]) == -1)
			return -1;
	}
	for (i = 0; i < settings->warnings.count; i++)
		fprintf(out, "%s# warning: %s\n", i == 0 ? "\n" : "",
		    settings->warnings.words[i]);
	print_notes(settings, out);
	return fflush(out) == 0 && !ferror(out) ? 0 : -1;
}

static void
print_words(FILE *out, const char *before, const struct word_list *list)
{
	size_t i;

	if (list->count == 0)
		return;
	fputs(before, out);
	for (i = 0; i < list->count; i++)
		fprintf(out, "%s%s", i > 0 ? ", " : " ", list->words[i]);
	fputs("\n", out);
}

/* Whom a browser's login is for: `pass` takes those without a credential
 * out, but where the web server is Apache, which cannot pass them. */
static void
print_login(FILE *out, const struct policy *policy)
{
	if (policy->login_client == NULL)
		return;
	if (policy->unauthenticated)
		fprintf(out, "  browsers that load a page with a cookie that "
		    "does not hold are sent to log in as %s (with Apache "
		    "those without one too)\n", policy->login_client);
	else
		fprintf(out, "  browsers that load a page without a cookie "
		    "that holds are sent to log in as %s\n",
		    policy->login_client);
}

/* What brings no access token, or not as one. */
static void
print_others(FILE *out, const struct policy *policy)
{
	if (policy->accept_basic)
		fputs("  or the access token as password of HTTP Basic\n",
		    out);
	if (policy->unauthenticated)
		fputs("  and, without any identity, everybody who brings no "
		    "credential at all (not with Apache)\n"
		    "  but nobody whose credential is bad, expired or logged "
		    "out\n", out);
	if (policy->cors_preflight)
		fputs("  and CORS preflight requests, without any identity\n",
		    out);
	if (policy->client_identity)
		fputs("  identity headers that a client sends are not "
		    "refused, and not believed\n", out);
	print_login(out, policy);
	if (policy->identity_roles == POLICY_IDENTITY_NONE)
		fputs("  the application is told no roles\n", out);
	if (policy->identity_roles == POLICY_IDENTITY_REQUIRED)
		fputs("  the application is told those roles that a rule "
		    "names, no others\n", out);
	print_words(out, "  the application is told the claims",
	    &policy->export);
}

/* What else a claim decides where it opens accounts of this machine. */
static void
print_claim(FILE *out, const struct policy *policy)
{
	fprintf(out, "  REMOTE_USER is the claim %s, which must be there\n",
	    policy->remote_user_claim);
	fputs("  for PAM: whose account it is, and that it is one user's "
	    "alone, is the duty of the hook that makes the claim\n"
	    "  for PAM: no way leads back from an account to its user, so "
	    "blocks are unknown to logins without a credential "
	    "(user-untraceable)\n", out);
}

static void
print_policy(FILE *out, const struct settings *settings,
    const struct policy *policy)
{
	fprintf(out, "policy %s lets in who brings\n", policy->name);
	if (settings->validate == SETTINGS_VALIDATE_JWT)
		fprintf(out, "  a JWT access token issued by %s\n",
		    settings->endpoint);
	else
		fprintf(out, "  an access token or cookie of a live session at "
		    "%s\n", settings->endpoint);
	print_words(out, "  for the audience (one of)", &policy->audience);
	if (policy->clients.count == 0)
		fputs("  of any client of the project, third-party "
		    "applications included; no machine client\n", out);
	print_words(out, "  of the client (one of)", &policy->clients);
	fprintf(out, "  of a user who is %s\n", policy->anonymous_users ?
	    "known or anonymous" : "not anonymous");
	if (policy->verified_only)
		fputs("  and verified\n", out);
	print_words(out, "  with a role (one of)", &policy->require_role);
	print_words(out, "  with the roles (all of)",
	    &policy->require_all_roles);
	print_words(out, "  with the scopes (all of)",
	    &policy->require_scope);
	if (policy->max_authentication_age > 0)
		fprintf(out, "  who logged in at most %d seconds ago\n",
		    policy->max_authentication_age);
	if (policy->remote_user == POLICY_REMOTE_USER_CLAIM)
		print_claim(out, policy);
	else if (policy->remote_user == POLICY_REMOTE_USER_MAP)
		fputs("  REMOTE_USER is the account of the map "
		    "(authgear-cache list map), which must be there\n", out);
	else
		fputs("  REMOTE_USER is the user id (sub)\n", out);
	print_others(out, policy);
}

int
settings_print_policies(const struct settings *settings, FILE *out)
{
	size_t i;

	for (i = 0; i < settings->policy_count; i++) {
		if (i > 0)
			fputs("\n", out);
		print_policy(out, settings, settings->policies[i]);
	}
	return fflush(out) == 0 && !ferror(out) ? 0 : -1;
}
