#include "ground/word_list.h"

#include <stdlib.h>
#include <string.h>

void
word_list_clear(struct word_list *list)
{
	size_t i;

	if (list == NULL)
		return;
	for (i = 0; i < list->count; i++)
		free(list->words[i]);
	free(list->words);
	list->words = NULL;
	list->count = 0;
}

int
word_list_add(struct word_list *list, const char *word, size_t len)
{
	char **words;
	char *copy;

	if ((copy = strndup(word, len)) == NULL)
		return -1;
	words = reallocarray(list->words, list->count + 1, sizeof(*words));
	if (words == NULL) {
		free(copy);
		return -1;
	}
	list->words = words;
	words[list->count++] = copy;
	return 0;
}

int
word_list_split(struct word_list *list, const char *text,
    const char *separators)
{
	const char *end;
	size_t len;

	for (; *text != '\0'; text = end) {
		text += strspn(text, " \t");
		len = strcspn(text, separators);
		end = text + len + (text[len] != '\0');
		while (len > 0 && strchr(" \t", text[len - 1]) != NULL)
			len--;
		if (len > 0 && word_list_add(list, text, len) == -1)
			return -1;
	}
	return 0;
}

int
word_list_copy(struct word_list *to, const struct word_list *from)
{
	to->words = NULL;
	to->count = 0;
	if (from->count == 0)
		return 0;
	if ((to->words = calloc(from->count, sizeof(*to->words))) == NULL)
		return -1;
	for (; to->count < from->count; to->count++)
		if ((to->words[to->count] = strdup(from->words[to->count])) ==
		    NULL) {
			word_list_clear(to);
			return -1;
		}
	return 0;
}

int
word_list_has(const struct word_list *list, const char *word)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (strcmp(list->words[i], word) == 0)
			return 1;
	}
	return 0;
}

int
word_list_meets(const struct word_list *a, const struct word_list *b)
{
	size_t i;

	for (i = 0; i < a->count; i++) {
		if (word_list_has(b, a->words[i]))
			return 1;
	}
	return 0;
}

int
word_list_covers(const struct word_list *whole, const struct word_list *part)
{
	size_t i;

	for (i = 0; i < part->count; i++) {
		if (!word_list_has(whole, part->words[i]))
			return 0;
	}
	return 1;
}
