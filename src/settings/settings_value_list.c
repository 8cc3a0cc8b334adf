#include "settings/settings_value_list.h"

#include <string.h>
#include <strings.h>

#include "ground/word_list.h"
#include "settings/policy.h"

static int
set_words(void *member, const struct settings_row *row, const char *value,
    struct error *error)
{
	struct word_list *list = member;
	struct word_list words = { NULL, 0 };

	/* Nothing that Authgear names has one: it would never be met. */
	if (strpbrk(value, "\"';") != NULL) {
		error_set(error, "must be words without quotes or semicolons, "
		    "separated by commas or blanks");
		return -1;
	}
	if (word_list_split(&words, value, ", \t") == -1) {
		word_list_clear(&words);
		error_set(error, "out of memory");
		return -1;
	}
	if (words.count == 0 || words.count > (size_t)row->maximum) {
		word_list_clear(&words);
		error_set(error, "must be 1 to %ld words, separated by commas "
		    "or blanks", row->maximum);
		return -1;
	}
	word_list_clear(list);
	*list = words;
	return 0;
}

static void
print_words(const void *member, const struct settings_row *row,
    struct buffer *text)
{
	const struct word_list *list = member;
	size_t i;

	(void)row;
	for (i = 0; i < list->count; i++)
		(void)buffer_append_format(text, "%s%s", i > 0 ? ", " : "",
		    list->words[i]);
}

const struct settings_type settings_value_list_words = {
	set_words, print_words, NULL
};

static int
is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

/* The next word of letters and digits; its length. */
static size_t
next_word(const char **name)
{
	size_t len;

	while (**name != '\0' && !is_letter_or_digit(**name))
		(*name)++;
	for (len = 0; is_letter_or_digit((*name)[len]); len++)
		;
	return len;
}

/* 1 if an application could not tell the two apart. */
static int
same_words(const char *a, const char *b)
{
	size_t len;

	for (;; a += len, b += len) {
		len = next_word(&a);
		if (next_word(&b) != len || strncasecmp(a, b, len) != 0)
			return 0;
		if (len == 0)
			return 1;
	}
}

static int
set_export(void *member, const struct settings_row *row, const char *value,
    struct error *error)
{
	const struct word_list *list = member;
	size_t i, j;

	if (set_words(member, row, value, error) == -1)
		return -1;
	for (i = 0; i < list->count; i++) {
		if (same_words(list->words[i], "") ||
		    strlen(list->words[i]) > 255) {
			error_set(error, "must be names of claims");
			return -1;
		}
		for (j = 0; j < i; j++) {
			if (!same_words(list->words[i], list->words[j]))
				continue;
			error_set(error, "%.80s and %.80s would be one "
			    "variable; leave one out", list->words[j],
			    list->words[i]);
			return -1;
		}
	}
	return 0;
}

const struct settings_type settings_value_list_export = {
	set_export, print_words, NULL
};

static int
set_clients(void *member, const struct settings_row *row, const char *value,
    struct error *error)
{
	struct policy *policy = member;

	if (strcmp(value, "any") == 0) {
		policy->any_client = 1;
		return 0;
	}
	if (set_words(&policy->clients, row, value, error) == -1)
		return -1;
	if (word_list_has(&policy->clients, "any")) {
		error_set(error, "any stands for every client, so it stands "
		    "alone");
		return -1;
	}
	return 0;
}

static void
print_clients(const void *member, const struct settings_row *row,
    struct buffer *text)
{
	const struct policy *policy = member;

	(void)row;
	if (policy->any_client)
		(void)buffer_append_string(text, "any");
	else
		print_words(&policy->clients, row, text);
}

const struct settings_type settings_value_list_clients = {
	set_clients, print_clients, NULL
};
