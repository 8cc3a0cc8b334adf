#include "config.h"

#include "state/status_session.h"

#include <string.h>

void
status_session_init(struct status_session *session)
{
	memset(session, 0, sizeof(*session));
	facts_init(&session->facts);
}

void
status_session_clear(struct status_session *session)
{
	if (session == NULL)
		return;
	facts_clear(&session->facts);
	status_session_init(session);
}

int
status_session_copy(struct status_session *to,
    const struct status_session *from)
{
	*to = *from;
	if (facts_copy(&to->facts, &from->facts) == 0)
		return 0;
	status_session_init(to);
	return -1;
}

void
status_session_key(const struct credential *credential,
    char key[STATUS_KEY_SIZE])
{
	memcpy(key, credential->hash, HASH_HEX_SIZE - 1);
	key[HASH_HEX_SIZE - 1] = (char)('0' + credential->kind);
	key[HASH_HEX_SIZE] = '\0';
}
