#include "config.h"

#include "fcgi/reply_draft.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
reply_draft_begin(struct reply_draft *draft, struct reply *reply,
    enum reply_role role, enum reason reason, const char *request_id)
{
	draft->reply = reply;
	draft->role = role;
	draft->request_id = request_id;
	draft->is_failed = 0;
	reply->reason = reason;
	reply->is_pass = 0;
	reply->omitted = 0;
	reply->len = 0;
	reply->text[0] = '\0';
}

void
reply_draft_add(struct reply_draft *draft, const char *format, ...)
{
	struct reply *reply = draft->reply;
	va_list arguments;
	size_t room;
	int len;

	if (draft->is_failed)
		return;
	room = sizeof(reply->text) - reply->len;
	va_start(arguments, format);
	len = vsnprintf(reply->text + reply->len, room, format, arguments);
	va_end(arguments);
	if (len < 0 || (size_t)len >= room) {
		draft->is_failed = 1;
		return;
	}
	reply->len += (size_t)len;
}

int
reply_draft_has_room(const struct reply_draft *draft, size_t len)
{
	const struct reply *reply = draft->reply;

	return !draft->is_failed && len < sizeof(reply->text) - reply->len;
}

void
reply_draft_put(struct reply_draft *draft, const char *text)
{
	struct reply *reply = draft->reply;
	const size_t len = strlen(text);

	if (!reply_draft_has_room(draft, len)) {
		draft->is_failed = 1;
		return;
	}
	memcpy(reply->text + reply->len, text, len + 1);
	reply->len += len;
}

int
reply_draft_is_sendable(const char *value)
{
	size_t len = strlen(value), i;
	unsigned char c;

	if (len == 0 || value[0] == ' ' || value[len - 1] == ' ')
		return 0;
	for (i = 0; i < len; i++) {
		c = (unsigned char)value[i];
		if (c < ' ' || c == 0x7f)
			return 0;
	}
	return 1;
}

int
reply_draft_is_whole(const struct reply_draft *draft)
{
	static const char first[] = "Status: ";
	const struct reply *reply = draft->reply;
	const char *blank;

	if (draft->is_failed || reply->len == 0 || reply->len > REPLY_MAX ||
	    strlen(reply->text) != reply->len ||
	    strncmp(reply->text, first, sizeof(first) - 1) != 0)
		return 0;
	blank = strstr(reply->text, "\r\n\r\n");
	if (blank == NULL || strstr(reply->text, "\r\nStatus:") != NULL)
		return 0;
	return blank[4] == '\0' || blank[4] == '{' || blank[4] == '<';
}

void
reply_draft_canned(struct reply *reply)
{
	static const char canned[] = "Status: 500 Internal Server Error\r\n"
	    "Content-Type: application/json\r\n"
	    "Cache-Control: no-store\r\n"
	    "X-Authgear-Decision: undecided\r\n"
	    "X-Authgear-Reason: reply-unsendable\r\n"
	    "\r\n"
	    "{\"error\":\"undecided\",\"reason\":\"reply-unsendable\"}\n";

	reply->reason = REASON_REPLY_UNSENDABLE;
	reply->is_pass = 0;
	reply->omitted = 0;
	reply->len = sizeof(canned) - 1;
	memcpy(reply->text, canned, sizeof(canned));
}
