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
	unsigned int omitted;	/* IDENTITY_* */
};

/* Without it nobody is named.  NULL: the fact is absent, and is not told. */
static void
tell(struct teller *teller, const char *name, const char *value)
{
	if (value == NULL || teller->failed)
		return;
	if (value[0] == '\0' ||
	    teller->sink(teller->context, name, value) != 1)
		teller->failed = 1;
}

/* What became of it, as an identity_sink answers. */
static void
note(struct teller *teller, enum identity_part part, int answer)
{
	if (answer == 0)
		teller->omitted |= part;
	else if (answer != 1)
		teller->failed = 1;
}

/* Whole, or noted as left out. */
static void
offer(struct teller *teller, enum identity_part part, const char *name,
    const char *value)
{
	if (!teller->failed)
		note(teller, part, teller->sink(teller->context, name,
		    value));
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

/* Those that the policy lets be told; all words of other lists (NULL). */
static int
is_told(const struct policy *policy, const char *word)
{
	if (policy == NULL || policy->identity_roles == POLICY_IDENTITY_ALL)
		return 1;
	return policy->identity_roles == POLICY_IDENTITY_REQUIRED &&
	    (word_list_has(&policy->require_role, word) ||
	    word_list_has(&policy->require_all_roles, word));
}

/* 1 and the text, "" for no words; 0: too long; -1: a word that would be read
 * as another.  `policy` is for roles. */
static int
join(const struct word_list *list, char separator,
    const struct policy *policy, char text[IDENTITY_VALUE_MAX])
{
	size_t i, len, at = 0;
	int fits = 1;

	for (i = 0; i < list->count; i++) {
		if (!is_told(policy, list->words[i]))
			continue;
		if (!is_word(list->words[i], separator))
			return -1;
		len = strlen(list->words[i]);
		fits = fits && len + 1 < IDENTITY_VALUE_MAX - at;
		if (!fits)
			continue;
		if (at > 0)
			text[at++] = separator;
		memcpy(text + at, list->words[i], len);
		at += len;
	}
	text[at] = '\0';
	return fits;
}

static void
offer_words(struct teller *teller, enum identity_part part, const char *name,
    const struct word_list *list, const struct policy *policy)
{
	const char separator = part == IDENTITY_ROLES ? ',' : ' ';
	char text[IDENTITY_VALUE_MAX];
	const int answer = join(list, separator, policy, text);

	note(teller, part, answer);
	if (answer == 1 && text[0] != '\0')
		offer(teller, part, name, text);
}

/* Authgear's resolver sends it empty too. */
static void
offer_amr(struct teller *teller, const struct facts *facts)
{
	static const char name[] = "AUTHGEAR_SESSION_AMR";

	if (facts->has_amr && facts->amr.count == 0)
		offer(teller, IDENTITY_AMR, name, "");
	else
		offer_words(teller, IDENTITY_AMR, name, &facts->amr, NULL);
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
offer_claims(struct teller *teller, const struct decision *decision)
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
			offer(teller, IDENTITY_CLAIMS, name, text);
		}
		free(text);
	}
}

/* Who it is; all of it, or nothing. */
static void
tell_who(struct teller *teller, const struct decision *decision)
{
	const struct facts *facts = decision->facts;

	tell(teller, "AUTHGEAR_SESSION_VALID", "true");
	tell(teller, "REMOTE_USER", decision->remote_user);
	tell(teller, "AUTHGEAR_DECISION", verdict_name(VERDICT_GRANTED));
	tell(teller, "AUTHGEAR_POLICY", decision->policy->name);
	tell(teller, "AUTHGEAR_USER_ID", facts->user_id);
	tell(teller, "AUTHGEAR_CLIENT_ID", facts->client_id);
	tell_fact(teller, "AUTHGEAR_USER_ANONYMOUS", facts->is_anonymous);
	tell_fact(teller, "AUTHGEAR_USER_VERIFIED", facts->is_verified);
	tell_fact(teller, "AUTHGEAR_USER_CAN_REAUTHENTICATE",
	    facts->can_reauthenticate);
	tell_time(teller, "AUTHGEAR_SESSION_AUTHENTICATED_AT",
	    facts->authenticated_at);
	tell_time(teller, "AUTHGEAR_EXPIRES_AT", facts->expires_at);
}

int
identity_tell(const struct decision *decision, identity_sink *sink,
    void *context, unsigned int *omitted_out)
{
	const struct facts *facts = decision->facts;
	struct teller teller = { sink, context, 0, 0 };

	*omitted_out = 0;
	if (decision->verdict != VERDICT_GRANTED ||
	    decision->reason != REASON_GRANTED || facts == NULL ||
	    decision->policy == NULL || decision->remote_user == NULL ||
	    facts->user_id == NULL)
		return -1;
	tell_who(&teller, decision);
	/* claims last: some are of the user's own making */
	offer_words(&teller, IDENTITY_SCOPE, "AUTHGEAR_SCOPE",
	    &facts->scopes, NULL);
	offer_amr(&teller, facts);
	offer_words(&teller, IDENTITY_ROLES, "AUTHGEAR_USER_ROLES",
	    &facts->roles, decision->policy);
	offer_claims(&teller, decision);
	if (teller.failed)
		return -1;
	*omitted_out = teller.omitted;
	return 0;
}

void
identity_words(unsigned int parts, char text[IDENTITY_WORDS_SIZE])
{
	(void)snprintf(text, IDENTITY_WORDS_SIZE, "%s%s%s%s",
	    (parts & IDENTITY_ROLES) != 0 ? ",roles" : "",
	    (parts & IDENTITY_SCOPE) != 0 ? ",scope" : "",
	    (parts & IDENTITY_AMR) != 0 ? ",amr" : "",
	    (parts & IDENTITY_CLAIMS) != 0 ? ",claims" : "");
	memmove(text, text + (text[0] == ','), strlen(text) +
	    (text[0] != ','));
}
