#include "admin/change_words.h"

#include <string.h>

const char *
change_words_kind(struct change *change, const char *unknown)
{
	if (change->line->count < 1)
		return "say of what";
	if (change->line->count > 2)
		return "there are too many words";
	return revocation_kind_of(change->line->operands[0],
	    &change->kind) == -1 ? unknown : NULL;
}

const char *
change_words_value(struct change *change)
{
	const char *wrong, *value = NULL;

	if (change->line->count == 2)
		value = change->line->operands[1];
	if ((wrong = change_words_check(change->kind, value)) != NULL)
		return wrong;
	change->typed = change->kind == REVOCATION_ALL ? "" : value;
	return change_words_file(change, change->typed == NULL);
}

const char *
change_words_check(enum revocation_kind kind, const char *value)
{
	if (value == NULL)
		return kind == REVOCATION_CLIENT || kind == REVOCATION_KEY ?
		    "its ID is missing" : NULL;
	if (strcmp(value, "-") == 0)
		return "leave the ID out to take it from the credential on "
		    "stdin";
	if (kind == REVOCATION_TOKEN || handed_is_token(value))
		return "a credential is never an argument: others can see it "
		    "there, so take this one for stolen; hand it over on stdin "
		    "or with --file";
	if (kind == REVOCATION_ALL)
		return "all takes no ID";
	return value[0] == '\0' ? "its ID is empty" : NULL;
}

const char *
change_words_file(const struct change *change, int asked)
{
	return asked || change->line->values[OPTION_FILE] == NULL ? NULL :
	    "--file is for a credential, and none is asked for";
}

int
change_words_is_uuid(const char *text)
{
	size_t i;

	for (i = 0; i < 36; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ?
		    text[i] != '-' : strchr("0123456789abcdefABCDEF",
		    text[i]) == NULL || text[i] == '\0')
			return 0;
	return text[i] == '\0';
}
