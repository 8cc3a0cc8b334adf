#include "config.h"

#include <stdio.h>
#include <string.h>

#include "gate/decision_log.h"


/* What is left of the caller's line. */
struct line {
	char *at;
	size_t left;		/* bytes, the NUL included */
};

/* Whole or, at the end of the line, not at all (and nothing behind it). */
static void
put(struct line *line, const char *text)
{
	size_t len = strlen(text);

	if (len >= line->left) {
		line->left = 1;
		return;
	}
	memcpy(line->at, text, len + 1);
	line->at += len;
	line->left -= len;
}

static int
is_plain(unsigned char byte)
{
	return byte > ' ' && byte < 0x7f && byte != '"' && byte != '\\' &&
	    byte != '=';
}

static void
put_byte(struct line *line, unsigned char byte)
{
	char text[8];

	if (byte == '"' || byte == '\\')
		(void)snprintf(text, sizeof(text), "\\%c", byte);
	else if (byte < ' ' || byte >= 0x7f)
		(void)snprintf(text, sizeof(text), "\\x%02x", byte);
	else
		(void)snprintf(text, sizeof(text), "%c", byte);
	put(line, text);
}

static void
put_value(struct line *line, const char *value)
{
	const char *p;
	int must_quote = value[0] == '\0';

	for (p = value; *p != '\0'; p++)
		must_quote |= !is_plain((unsigned char)*p);
	if (must_quote)
		put(line, "\"");
	for (p = value; *p != '\0'; p++)
		put_byte(line, (unsigned char)*p);
	if (must_quote)
		put(line, "\"");
}

/* " key=value"; nothing for an absent value. */
static void
put_field(struct line *line, const char *key, const char *value)
{
	if (value == NULL)
		return;
	put(line, key);
	put_value(line, value);
}

void
decision_log_line(const struct decision *decision, const char *request_id,
    char *text, size_t size)
{
	struct line line = { text, size };
	const struct facts *facts = decision->facts;
	char hash[17];		/* the first 16 digits */

	if (size == 0)
		return;
	text[0] = '\0';
	(void)snprintf(hash, sizeof(hash), "%.16s",
	    decision->credential_hash);
	put_field(&line, "decision=", decision->may_pass ? "pass" :
	    verdict_name(decision->verdict));
	put_field(&line, " reason=", reason_name(decision->reason));
	put_field(&line, " policy=", decision->policy != NULL ?
	    decision->policy->name : NULL);
	put_field(&line, " kind=", credential_kind_name(decision->kind));
	/* before what may be too long for the line */
	put_field(&line, " request=", request_id);
	put_field(&line, " user=", facts != NULL ? facts->user_id : NULL);
	put_field(&line, " client=", facts != NULL ? facts->client_id : NULL);
	put_field(&line, " credential=", hash[0] != '\0' ? hash : NULL);
	put_field(&line, " detail=", decision->detail.text[0] != '\0' ?
	    decision->detail.text : NULL);
	if (decision->verdict != VERDICT_GRANTED &&
	    decision->verdict != VERDICT_NOT_BLOCKED && !decision->may_pass)
		put_field(&line, " meaning=",
		    reason_sentence(decision->reason));
}
