#include "facts/facts.h"

#include <stdlib.h>
#include <string.h>

#include "ground/json.h"

void
facts_init(struct facts *facts)
{
	memset(facts, 0, sizeof(*facts));
	facts->issued_at = FACTS_NO_TIME;
	facts->expires_at = FACTS_NO_TIME;
	facts->not_before = FACTS_NO_TIME;
	facts->authenticated_at = FACTS_NO_TIME;
}

static int
copy_text(char **to, const char *from)
{
	*to = from == NULL ? NULL : strdup(from);
	return from == NULL || *to != NULL ? 0 : -1;
}

int
facts_copy(struct facts *to, const struct facts *from)
{
	const struct word_list none = { NULL, 0 };

	*to = *from;
	to->issuer = to->user_id = to->client_id = NULL;
	to->token_id = to->key_id = to->account = NULL;
	to->audience = to->scopes = to->roles = to->amr = none;
	to->claims = NULL;
	if (copy_text(&to->issuer, from->issuer) == 0 &&
	    copy_text(&to->user_id, from->user_id) == 0 &&
	    copy_text(&to->client_id, from->client_id) == 0 &&
	    copy_text(&to->token_id, from->token_id) == 0 &&
	    copy_text(&to->key_id, from->key_id) == 0 &&
	    word_list_copy(&to->audience, &from->audience) == 0 &&
	    word_list_copy(&to->scopes, &from->scopes) == 0 &&
	    word_list_copy(&to->roles, &from->roles) == 0 &&
	    word_list_copy(&to->amr, &from->amr) == 0)
		return 0;
	facts_clear(to);
	return -1;
}

void
facts_clear(struct facts *facts)
{
	if (facts == NULL)
		return;
	free(facts->issuer);
	free(facts->user_id);
	free(facts->client_id);
	free(facts->token_id);
	free(facts->key_id);
	word_list_clear(&facts->audience);
	word_list_clear(&facts->scopes);
	word_list_clear(&facts->roles);
	word_list_clear(&facts->amr);
	free(facts->account);
	json_free(facts->claims);
	facts_init(facts);
}
