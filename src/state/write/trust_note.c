/* What an administrator may write into trust.db. */
#include "state/write/trust_note.h"

#include <string.h>

#include "ground/json_scan.h"

/* No control characters (C1 too), UTF-8, not too long. */
static int
check_text(const char *what, const char *text, size_t limit,
    struct error *error)
{
	const unsigned char *p = (const unsigned char *)text;

	if (strlen(text) > limit) {
		error_set(error, "the %s is longer than %zu bytes", what,
		    limit);
		return -1;
	}
	for (; *p != '\0'; p++) {
		if (*p >= ' ' && *p != 0x7f && (*p != 0xc2 || p[1] >= 0xa0))
			continue;
		error_set(error, "the %s has a control character in it",
		    what);
		return -1;
	}
	if (json_scan_is_utf8(text))
		return 0;
	error_set(error, "the %s is not UTF-8", what);
	return -1;
}

int
trust_note_check_revocation(const struct revocation *revocation,
    const struct trust_note *note, const struct moment *now,
    struct error *error)
{
	if (check_text("value", revocation->value, TRUST_WRITER_MAX_VALUE,
	    error) == -1 || check_text("reason", note->reason,
	    TRUST_WRITER_MAX_REASON, error) == -1)
		return -1;
	if (revocation->rule == REVOCATION_SIGNED_OUT &&
	    revocation->from > now->wall) {
		error_set(error, "the time is in the future: nobody can be "
		    "signed out ahead, block the user or client instead");
		return -1;
	}
	if (revocation->rule == REVOCATION_BLOCKED &&
	    revocation->until != REVOCATION_NO_TIME &&
	    revocation->until <= now->wall) {
		error_set(error, "the block would be over already");
		return -1;
	}
	if (revocation_check(revocation) == -1) {
		error_set(error, "there is no such revocation: a value is "
		    "missing, or the block ends before it begins");
		return -1;
	}
	return 0;
}

int
trust_note_check_account(const char *user_id, const char *account,
    const struct trust_note *note, struct error *error)
{
	size_t len = strlen(account);

	if (check_text("user", user_id, TRUST_WRITER_MAX_VALUE, error) == -1 ||
	    check_text("account", account, TRUST_WRITER_MAX_ACCOUNT,
	    error) == -1 || check_text("reason", note->reason,
	    TRUST_WRITER_MAX_REASON, error) == -1)
		return -1;
	if (user_id[0] != '\0' && len > 0 && account[0] != ' ' &&
	    account[len - 1] != ' ')
		return 0;
	error_set(error, "user and account must not be empty, and the account "
	    "has no blanks at its ends");
	return -1;
}

int
trust_note_check(const struct trust_note *note, struct error *error)
{
	return check_text("reason", note->reason, TRUST_WRITER_MAX_REASON,
	    error);
}

int
trust_note_check_text(const char *what, const char *text, size_t limit,
    struct error *error)
{
	return check_text(what, text, limit, error);
}
