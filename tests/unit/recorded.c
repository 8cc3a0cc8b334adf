/* Reads tests/recorded/. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "ground/json.h"
#include "ground/json_parse.h"
#include "recorded.h"

#define MAX_FILE (256 * 1024)	/* bytes */

static void
must(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "recorded: %s\n", what);
	abort();
}

/* The text of a file between two others. */
static char *
read_file(const char *name, const char *before, const char *after)
{
	char path[4096];
	size_t start = strlen(before), len;
	char *text = malloc(start + MAX_FILE + strlen(after) + 1);
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", TESTS_RECORDED, name);
	file = fopen(path, "r");
	must(text != NULL && file != NULL, path);
	memcpy(text, before, start);
	len = fread(text + start, 1, MAX_FILE, file);
	must(len > 0 && len < MAX_FILE && !ferror(file), path);
	memcpy(text + start + len, after, strlen(after) + 1);
	fclose(file);
	return text;
}

/* A struct json is what jansson calls a json_t. */
const struct json *
recorded_object(const struct json *json, const char *name)
{
	const json_t *member = json_object_get((const json_t *)json, name);

	return json_is_object(member) ? (const struct json *)member : NULL;
}

static void
read_token(struct recorded_token *token, const struct json *json)
{
	must(json_find_string(json, "name", &token->name) == JSON_FOUND &&
	    json_find_string(json, "kind", &token->kind) == JSON_FOUND &&
	    json_find_string(json, "token", &token->token) == JSON_FOUND &&
	    json_find_seconds(json, "recorded_at",
	    &token->recorded_at) == JSON_FOUND, "a token lacks a member");
	(void)json_find_string(json, "user_id", &token->user_id);
	token->claims = recorded_object(json, "claims");
}

struct recorded *
recorded_load(void)
{
	struct recorded *recorded = calloc(1, sizeof(*recorded));
	const struct json *array;
	size_t i;
	char *text;

	must(recorded != NULL, "out of memory");
	recorded->sets[RECORDED_FIRST] = read_file("jwks.json", "", "");
	recorded->sets[RECORDED_ROTATED] = read_file("jwks-rotated.json", "",
	    "");
	recorded->sets[RECORDED_RETIRED] = read_file("jwks-retired.json", "",
	    "");
	recorded->discovery = read_file("discovery.json", "", "");
	/* the file is an array, our reader takes objects only */
	text = read_file("tokens.json", "{\"tokens\":", "}");
	recorded->json = json_parse(text, strlen(text), NULL);
	free(text);
	must(recorded->json != NULL && json_find_array(recorded->json,
	    "tokens", &array) == JSON_FOUND &&
	    json_array_length(array) == RECORDED_TOKENS,
	    "tokens.json is not what it was");
	for (i = 0; i < RECORDED_TOKENS; i++)
		read_token(&recorded->tokens[i], json_array_at(array, i));
	return recorded;
}

void
recorded_free(struct recorded *recorded)
{
	size_t i;

	if (recorded == NULL)
		return;
	for (i = 0; i < RECORDED_SETS; i++)
		free(recorded->sets[i]);
	free(recorded->discovery);
	json_free(recorded->json);
	free(recorded);
}

struct json *
recorded_exchanges(const char *name, const struct json **array_out)
{
	char *text = read_file(name, "{\"exchanges\":", "}");
	struct json *json = json_parse(text, strlen(text), NULL);

	free(text);
	must(json != NULL && json_find_array(json, "exchanges",
	    array_out) == JSON_FOUND, name);
	return json;
}

const struct recorded_token *
recorded_find(const struct recorded *recorded, const char *name)
{
	size_t i;

	for (i = 0; i < RECORDED_TOKENS; i++)
		if (strcmp(recorded->tokens[i].name, name) == 0)
			return &recorded->tokens[i];
	must(0, name);
	return NULL;
}
