#include "ground/json.h"

#include <jansson.h>
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

/* Claims do not stay in freed memory. */
static void
wipe(const char *text, size_t len)
{
	if (text != NULL)
		explicit_bzero((void *)(uintptr_t)text, len);
}

/* Names too: jansson does not look at them any more. */
static void
wipe_tree(json_t *tree)
{
	const char *name;
	json_t *value;
	size_t i;
	void *member;

	wipe(json_string_value(tree), json_string_length(tree));
	for (i = 0; i < json_array_size(tree); i++)
		wipe_tree(json_array_get(tree, i));
	for (member = json_object_iter(tree); member != NULL;
	    member = json_object_iter_next(tree, member)) {
		value = json_object_iter_value(member);
		name = json_object_iter_key(member);
		wipe_tree(value);
		wipe(name, strlen(name));
	}
}

void
json_free(struct json *json)
{
	if (json == NULL)
		return;
	wipe_tree((json_t *)json);
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

int
json_has_null(const struct json *object, const char *name)
{
	return json_is_null(json_object_get(value_of(object), name));
}

size_t
json_members(const struct json *object)
{
	return json_object_size(value_of(object));
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

int
json_member_text(const struct json *object, const char *name, char **text_out)
{
	const json_t *value;
	size_t flags = JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS;

	*text_out = NULL;
	value = json_object_get(value_of(object), name);
	if (value == NULL || json_is_null(value))
		return 0;
	*text_out = json_is_string(value) ?
	    strdup(json_string_value(value)) : json_dumps(value, flags);
	return *text_out != NULL ? 0 : -1;
}
