#include "facts.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"

void
facts_init(struct facts *facts)
{
	memset(facts, 0, sizeof(*facts));
	facts->issued_at = FACTS_NO_TIME;
	facts->expires_at = FACTS_NO_TIME;
	facts->not_before = FACTS_NO_TIME;
	facts->authenticated_at = FACTS_NO_TIME;
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
