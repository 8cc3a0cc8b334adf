#include "ground/json.h"

#include <jansson.h>
#include <stdio.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/*
 * A struct json is a json_t under another name, so that jansson stays in
 * this file.
 */
static const json_t *
value_of(const struct json *json)
{
	return (const json_t *)json;
}

static const struct json *
borrowed(const json_t *value)
{
	return (const struct json *)value;
}

static void *
allocate_or_abort(size_t size)
{
	void *memory;

	if ((memory = malloc(size > 0 ? size : 1)) == NULL)
		abort();
	return memory;
}

/* Claims and pieces of tokens do not stay in freed memory. */
static void
wipe_and_free(void *memory)
{
	if (memory != NULL)
		explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

void
json_use_aborting_allocator(void)
{
	json_set_alloc_funcs(allocate_or_abort, wipe_and_free);
}

/* jansson would recurse 2,048 deep: too much for the stack of a thread. */
static int
too_deep(const char *text, size_t len)
{
	size_t depth = 0;
	int in_string = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (in_string) {
			if (text[i] == '\\')
				i++;
			else if (text[i] == '"')
				in_string = 0;
			continue;
		}
		switch (text[i]) {
		case '"':
			in_string = 1;
			break;
		case '{':
		case '[':
			if (++depth > JSON_MAX_DEPTH)
				return 1;
			break;
		case '}':
		case ']':
			if (depth > 0)
				depth--;
			break;
		default:
			break;
		}
	}
	return 0;
}

struct json *
json_parse(const char *text, size_t len)
{
	json_t *value;

	if (too_deep(text, len))
		return NULL;
	value = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (value == NULL)
		return NULL;
	if (!json_is_object(value)) {
		json_decref(value);
		return NULL;
	}
	return (struct json *)value;
}

void
json_free(struct json *json)
{
	json_decref((json_t *)json);
}

enum json_find
json_find_string(const struct json *object, const char *name,
    const char **string_out)
{
	const json_t *value;

	*string_out = NULL;
	if ((value = json_object_get(value_of(object), name)) == NULL)
		return JSON_ABSENT;
	if (!json_is_string(value))
		return JSON_WRONG_TYPE;
	*string_out = json_string_value(value);
	return JSON_FOUND;
}

enum json_find
json_find_boolean(const struct json *object, const char *name,
    int *boolean_out)
{
	const json_t *value;

	*boolean_out = 0;
	if ((value = json_object_get(value_of(object), name)) == NULL)
		return JSON_ABSENT;
	if (!json_is_boolean(value))
		return JSON_WRONG_TYPE;
	*boolean_out = json_is_true(value);
	return JSON_FOUND;
}

enum json_find
json_find_array(const struct json *object, const char *name,
    const struct json **array_out)
{
	const json_t *value;

	*array_out = NULL;
	if ((value = json_object_get(value_of(object), name)) == NULL)
		return JSON_ABSENT;
	if (!json_is_array(value))
		return JSON_WRONG_TYPE;
	*array_out = borrowed(value);
	return JSON_FOUND;
}

enum json_find
json_find_seconds(const struct json *object, const char *name,
    int64_t *seconds_out)
{
	const json_t *value;
	json_int_t seconds;

	*seconds_out = 0;
	if ((value = json_object_get(value_of(object), name)) == NULL)
		return JSON_ABSENT;
	if (!json_is_integer(value))
		return JSON_WRONG_TYPE;
	seconds = json_integer_value(value);
	if (seconds < 0 || seconds > JSON_MAX_SECONDS)
		return JSON_WRONG_TYPE;
	*seconds_out = seconds;
	return JSON_FOUND;
}

int
json_has(const struct json *object, const char *name)
{
	return json_object_get(value_of(object), name) != NULL;
}

size_t
json_array_length(const struct json *array)
{
	return json_array_size(value_of(array));
}

const struct json *
json_array_at(const struct json *array, size_t index)
{
	return borrowed(json_array_get(value_of(array), index));
}

const char *
json_string_of(const struct json *value)
{
	return json_string_value(value_of(value));
}

int
json_is_an_object(const struct json *value)
{
	return json_is_object(value_of(value));
}

char *
json_member_text(const struct json *object, const char *name)
{
	const json_t *value;
	size_t flags = JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS;

	value = json_object_get(value_of(object), name);
	if (value == NULL || json_is_null(value))
		return NULL;
	if (json_is_string(value))
		return strdup(json_string_value(value));
	return json_dumps(value, flags);
}

char *
json_quote(const char *text)
{
	json_t *string;
	char *quoted;

	if ((string = json_string(text)) == NULL)
		return NULL;
	quoted = json_dumps(string, JSON_ENCODE_ANY);
	json_decref(string);
	return quoted;
}
