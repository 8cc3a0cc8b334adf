/* What the nginx module reads: cookies of clients, answers, paths.
 * Own files: src/web/cookie_pick.c src/web/cookie_text.c nginx/grant.c
 * nginx/plain_path.c */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nginx/grant.h"
#include "nginx/plain_path.h"
#include "web/cookie_pick.h"
#include "web/web_credential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the daemon makes of a Cookie header: its credential, or why none. */
static enum reason
find(const char *cookie, struct credential *credential)
{
	const struct web_credential_rules rules = { .max_credential = 16384,
	    .cookie_prefix = "" };
	enum reason reason = REASON_GRANTED;

	(void)web_credential_find(credential, &rules, NULL, cookie, &reason,
	    NULL);
	return credential->kind == CREDENTIAL_NONE ? reason : REASON_GRANTED;
}

/* The daemon sees the same in what was picked, and nothing in the rest. */
static void
check_same(const char *header, const struct cookie_pick *pick)
{
	struct credential whole, picked, left;

	if (find(header, &whole) != find(pick->ours, &picked) ||
	    whole.kind != picked.kind || (whole.kind != CREDENTIAL_NONE &&
	    strcmp(whole.text, picked.text) != 0))
		abort();
	if (find(pick->rest, &left) != REASON_NO_CREDENTIAL)
		abort();
	credential_clear(&whole);
	credential_clear(&picked);
	credential_clear(&left);
}

static void
check_cookies(const uint8_t *data, size_t size)
{
	char *header = malloc(size + 1);
	struct cookie_pick pick;
	size_t room;

	if (header == NULL)
		return;
	memcpy(header, data, size);
	header[size] = '\0';
	room = COOKIE_PICK_SIZE(strlen(header));
	pick.ours = malloc(room);
	pick.markers = malloc(room);
	pick.rest = malloc(room);
	if (pick.ours != NULL && pick.markers != NULL && pick.rest != NULL) {
		cookie_pick(header, &pick);
		if (strlen(pick.ours) != pick.ours_len ||
		    strlen(pick.markers) != pick.markers_len ||
		    strlen(pick.rest) != pick.rest_len ||
		    (pick.ours_len == 0 && strcmp(pick.rest, header) != 0))
			abort();
		check_same(header, &pick);
	}
	free(pick.ours);
	free(pick.markers);
	free(pick.rest);
	free(header);
}

/* Nobody is let in but by the words for it. */
static void
check_answer(const uint8_t *data, size_t size)
{
	static uint8_t wrapped[ANSWER_RECORDS_MAX];
	static struct answer answer;
	const char *policy, *decision, *name;
	enum grant grant;
	size_t len;

	len = size > ANSWER_RECORDS_MAX ? 0 :
	    answer_compose((const char *)data, size, wrapped);
	if (len == 0 || answer_check(&answer, 1, wrapped, len) !=
	    ANSWER_COMPLETE)
		return;
	grant = grant_read(&answer, "default", 7);
	if (grant != GRANT_GIVEN && grant != GRANT_PASS)
		return;
	policy = answer_find(&answer, "X-Authgear-Policy");
	decision = answer_find(&answer, "X-Authgear-Decision");
	name = answer_find(&answer, "X-Authgear-Remote-User");
	if (answer.status != 200 || policy == NULL ||
	    strcmp(policy, "default") != 0 || decision == NULL ||
	    strcmp(decision, grant == GRANT_PASS ? "pass" : "granted") != 0 ||
	    (name != NULL && *name != '\0') != (grant == GRANT_GIVEN))
		abort();
}

/* A path has one meaning: no "..", "//", "/./", no control byte. */
static void
check_path(const uint8_t *data, size_t size)
{
	unsigned char *out = malloc(size + 1);
	size_t len, i;

	if (out == NULL)
		return;
	len = plain_path_destination(data, size, out);
	if (len > size || (len > 0 && (out[0] != '/' || out[len] != '\0' ||
	    strlen((char *)out) != len || strstr((char *)out, "//") ||
	    strstr((char *)out, "/../") || strstr((char *)out, "/./"))))
		abort();
	for (i = 0; i < len; i++)
		if (out[i] < ' ' || out[i] == 0x7f)
			abort();
	/* it is below itself, and below any beginning that is a folder */
	if (len > 0 && !plain_path_is_below(out, len, out, len))
		abort();
	for (i = 0; i < len; i++)
		if (out[i] == '/' &&
		    !plain_path_is_below(out, len, out, i + 1))
			abort();
	if (len > 0 && !plain_path_is_same(out, len, out, len))
		abort();
	/* all but the root lie inside the root, and nothing in itself */
	if (len > 0 && (plain_path_is_inside(out, len, out, len) ||
	    plain_path_is_inside(out, len, out, 1) != (len > 1)))
		abort();
	free(out);
}

/* Whatever is read into a path, it is one, and read again it stays. */
static void
check_reading(const uint8_t *path, size_t size,
    enum plain_path_reading reading)
{
	unsigned char *out = malloc(size + 1), *again = malloc(size + 1);
	size_t len;

	if (out != NULL && again != NULL) {
		len = plain_path_read(path, size, reading, out);
		if (len == 0 || len > size || out[0] != '/')
			abort();
		out[len] = '\0';
		if (strlen((char *)out) == len && (
		    strstr((char *)out, "//") != NULL ||
		    strstr((char *)out, "/../") != NULL ||
		    strstr((char *)out, "/./") != NULL))
			abort();
		if (reading != PLAIN_PATH_AS_IT_IS &&
		    reading != PLAIN_PATH_SLASHED &&
		    memchr(out, ';', len) != NULL)
			abort();
		if (reading >= PLAIN_PATH_SLASHED &&
		    memchr(out, '\\', len) != NULL)
			abort();
		if (plain_path_read(out, len, reading, again) != len ||
		    memcmp(out, again, len) != 0)
			abort();
	}
	free(out);
	free(again);
}

static void
check_readings(const uint8_t *data, size_t size)
{
	uint8_t *path = malloc(size + 1);
	int i;

	if (path == NULL)
		return;
	path[0] = '/';
	if (size > 0)
		memcpy(path + 1, data, size);
	for (i = 0; i < PLAIN_PATH_READINGS; i++)
		check_reading(path, size + 1, (enum plain_path_reading)i);
	free(path);
}

/* The first byte says which: "c", "a", "p", "r". */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0]) {
	case 'c':
		check_cookies(data + 1, size - 1);
		break;
	case 'a':
		check_answer(data + 1, size - 1);
		break;
	case 'p':
		check_path(data + 1, size - 1);
		break;
	case 'r':
		check_readings(data + 1, size - 1);
		break;
	default:
		break;
	}
	return 0;
}
