/* From a grant to names and values. */
#include "web/identity.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ground/json.h"

struct teller {
	identity_sink *sink;
	void *context;
	int failed;		/* stays set */
};

/* NULL: the fact is absent, and is not told. */
static void
tell(struct teller *teller, const char *name, const char *value)
{
	if (value == NULL || teller->failed)
		return;
	if (value[0] == '\0')
		teller->failed = 1;
	else
		teller->sink(teller->context, name, value);
}

static void
tell_fact(struct teller *teller, const char *name, enum fact value)
{
	if (value != FACT_ABSENT)
		tell(teller, name, value == FACT_YES ? "true" : "false");
}

static void
tell_time(struct teller *teller, const char *name, int64_t seconds)
{
	char text[32];

	if (seconds == FACTS_NO_TIME)
		return;
	(void)snprintf(text, sizeof(text), "%" PRId64, seconds);
	tell(teller, name, text);
}

/* A word that holds the separator would be read as two, one with blanks
 * around it as another. */
static int
is_word(const char *word, char separator)
{
	const size_t len = strlen(word);

	return len > 0 && word[0] != ' ' && word[len - 1] != ' ' &&
	    strchr(word, separator) == NULL;
}

static void
tell_words(struct teller *teller, const char *name,
    const struct word_list *list, char separator)
{
	char text[IDENTITY_VALUE_MAX];
	size_t i, len, at = 0;

	if (list->count == 0)
		return;
	for (i = 0; i < list->count; i++) {
		len = strlen(list->words[i]);
		if (!is_word(list->words[i], separator) ||
		    len + 1 >= sizeof(text) - at) {
			teller->failed = 1;
			return;
		}
		if (i > 0)
			text[at++] = separator;
		memcpy(text + at, list->words[i], len);
		at += len;
	}
	text[at] = '\0';
	tell(teller, name, text);
}

/* Authgear's resolver sends it empty too. */
static void
tell_amr(struct teller *teller, const struct facts *facts)
{
	if (facts->has_amr && facts->amr.count == 0 && !teller->failed)
		teller->sink(teller->context, "AUTHGEAR_SESSION_AMR", "");
	tell_words(teller, "AUTHGEAR_SESSION_AMR", &facts->amr, ' ');
}

/* A word of its name for each run of letters and digits:
 * AUTHGEAR_CLAIM_TEAM_NAME.  0, or -1: too long. */
static int
claim_name(const char *claim, char name[IDENTITY_VALUE_MAX])
{
	size_t at = (size_t)snprintf(name, IDENTITY_VALUE_MAX,
	    "AUTHGEAR_CLAIM");
	int at_word = 1;

	for (; *claim != '\0'; claim++) {
		if (!isalnum((unsigned char)*claim)) {
			at_word = 1;
			continue;
		}
		if (at + 3 > IDENTITY_VALUE_MAX)
			return -1;
		if (at_word)
			name[at++] = '_';
		name[at++] = (char)toupper((unsigned char)*claim);
		at_word = 0;
	}
	name[at] = '\0';
	return 0;
}

static void
tell_claims(struct teller *teller, const struct decision *decision)
{
	const struct word_list *names = &decision->policy->export;
	char name[IDENTITY_VALUE_MAX], *text;
	size_t i;

	if (decision->facts->claims == NULL)
		return;
	for (i = 0; i < names->count; i++) {
		if (json_member_text(decision->facts->claims, names->words[i],
		    &text) == -1)
			teller->failed = 1;
		/* null and an empty text tell nothing */
		if (text != NULL && text[0] != '\0') {
			if (claim_name(names->words[i], name) == -1)
				teller->failed = 1;
			tell(teller, name, text);
		}
		free(text);
	}
}

int
identity_tell(const struct decision *decision, identity_sink *sink,
    void *context)
{
	const struct facts *facts = decision->facts;
	struct teller teller = { sink, context, 0 };

	if (decision->verdict != VERDICT_GRANTED ||
	    decision->reason != REASON_GRANTED || facts == NULL ||
	    decision->policy == NULL || decision->remote_user == NULL ||
	    facts->user_id == NULL)
		return -1;
	tell(&teller, "AUTHGEAR_SESSION_VALID", "true");
	tell(&teller, "REMOTE_USER", decision->remote_user);
	tell(&teller, "AUTHGEAR_DECISION", verdict_name(VERDICT_GRANTED));
	tell(&teller, "AUTHGEAR_POLICY", decision->policy->name);
	tell(&teller, "AUTHGEAR_USER_ID", facts->user_id);
	tell(&teller, "AUTHGEAR_CLIENT_ID", facts->client_id);
	tell_words(&teller, "AUTHGEAR_SCOPE", &facts->scopes, ' ');
	tell_words(&teller, "AUTHGEAR_USER_ROLES", &facts->roles, ',');
	tell_fact(&teller, "AUTHGEAR_USER_ANONYMOUS", facts->is_anonymous);
	tell_fact(&teller, "AUTHGEAR_USER_VERIFIED", facts->is_verified);
	tell_fact(&teller, "AUTHGEAR_USER_CAN_REAUTHENTICATE",
	    facts->can_reauthenticate);
	tell_amr(&teller, facts);
	tell_time(&teller, "AUTHGEAR_SESSION_AUTHENTICATED_AT",
	    facts->authenticated_at);
	tell_time(&teller, "AUTHGEAR_EXPIRES_AT", facts->expires_at);
	tell_claims(&teller, decision);
	return teller.failed ? -1 : 0;
}
