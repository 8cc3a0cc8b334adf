#include "state/write/trust_import.h"

#include <sqlite3.h>
#include <string.h>

#include "ground/buffer.h"
#include "state/trust_row.h"
#include "state/write/trust_merge.h"
#include "state/write/trust_note.h"

#define DIGITS "0123456789abcdef"

static int
check_origin(const char *actor, const char *source, const char *reason,
    struct error *error)
{
	if (trust_note_check_text("actor", actor, TRUST_WRITER_MAX_REASON,
	    error) == -1 || trust_note_check_text("source", source,
	    TRUST_WRITER_MAX_REASON, error) == -1)
		return -1;
	return trust_note_check_text("reason", reason,
	    TRUST_WRITER_MAX_REASON, error);
}

static int
check_row(const struct trust_list_row *row, struct error *error)
{
	const struct revocation *const revocation = &row->revocation;
	const size_t digits = strlen(row->credential);

	if (trust_note_check_text("value", revocation->value,
	    TRUST_WRITER_MAX_VALUE, error) == -1 ||
	    check_origin(row->actor, row->source, row->reason, error) == -1)
		return -1;
	if (revocation_check(revocation) == -1) {
		error_set(error, "there is no such revocation");
		return -1;
	}
	if ((digits == 0 || (digits == TRUST_LIST_DIGITS &&
	    strspn(row->credential, DIGITS) == digits)) &&
	    (revocation->kind == REVOCATION_TOKEN || (digits == 0 &&
	    row->expires == REVOCATION_NO_TIME)))
		return 0;
	error_set(error, "no such credential can be");
	return -1;
}

int
trust_import_check(const struct trust_item *item, struct error *error)
{
	const struct trust_list_account *const account = &item->account;
	const struct trust_note note = { .actor = account->actor,
	    .reason = account->reason, .source = "" };

	if (!item->is_account)
		return check_row(&item->row, error);
	return trust_note_check_account(account->user_id, account->account,
	    &note, error) == 0 ? check_origin(account->actor, "",
	    account->reason, error) : -1;
}

static struct sql_value
time_of(int64_t seconds)
{
	return seconds == REVOCATION_NO_TIME ? sql_null() :
	    sql_number(seconds);
}

static struct sql_value
credential_of(const char *digits, unsigned char *bytes)
{
	size_t i;

	if (digits[0] == '\0')
		return sql_null();
	for (i = 0; i < TRUST_LIST_DIGITS / 2; i++)
		bytes[i] = (unsigned char)(
		    (strchr(DIGITS, digits[2 * i]) - DIGITS) * 16 +
		    (strchr(DIGITS, digits[2 * i + 1]) - DIGITS));
	return sql_bytes(bytes, TRUST_LIST_DIGITS / 2);
}

static int
put_row(struct trust_merge *merge, const struct trust_list_row *row)
{
	const struct revocation *const revocation = &row->revocation;
	unsigned char value[TRUST_BYTES_SIZE];
	unsigned char credential[TRUST_LIST_DIGITS / 2];
	const struct sql_value values[TRUST_MERGE_COUNT] = {
		sql_text(revocation_kind_name(revocation->kind)),
		trust_row_kept(revocation->kind, revocation->value, value),
		sql_text(revocation_rule_name(revocation->rule)),
		time_of(revocation->from), time_of(revocation->until),
		sql_text(row->reason), sql_text(row->actor),
		sql_text(row->source), sql_number(row->time),
		credential_of(row->credential, credential),
		time_of(row->expires)
	};

	return trust_merge_row(merge, revocation, values);
}

static int
put_account(struct trust_merge *merge,
    const struct trust_list_account *account)
{
	const struct sql_value values[TRUST_MERGE_ACCOUNT_COUNT] = {
		sql_text(account->user_id), sql_text(account->account),
		sql_text(account->reason), sql_text(account->actor),
		sql_number(account->time)
	};

	return trust_merge_account(merge, values);
}

static int
put_all(struct trust_merge *merge, const struct trust_source *source,
    struct error *error)
{
	struct trust_item item;
	int found, rc = SQLITE_OK;

	while (rc == SQLITE_OK && (found = source->next(source->context,
	    &item, error)) != 0) {
		if (found == -1 || trust_import_check(&item, error) == -1)
			return SQLITE_ABORT;
		rc = item.is_account ? put_account(merge, &item.account) :
		    put_row(merge, &item.row);
	}
	return rc;
}

static int
tell(struct trust_merge *merge)
{
	struct trust_restored *const done = merge->done;
	struct buffer detail;
	int rc = SQLITE_NOMEM;

	buffer_init(&detail, 2 * TRUST_WRITER_MAX_REASON);
	(void)buffer_append_format(&detail, "%lld revocations, %lld accounts"
	    "%s%s", (long long)done->added, (long long)done->accounts,
	    merge->note->reason[0] == '\0' ? "" : ": ", merge->note->reason);
	if (!detail.failed)
		rc = trust_audit_row(&merge->audit, merge->note, "import",
		    detail.data, merge->wall, &done->number);
	buffer_clear(&detail);
	return rc;
}

int
trust_import(struct sqlite3 *db, const struct trust_source *source,
    const struct trust_note *note, int64_t wall,
    struct trust_restored *restored, struct error *error)
{
	struct trust_merge merge = { .note = note, .wall = wall,
	    .how = "imported", .done = restored };
	int rc;

	trust_merge_init(&merge, db);
	rc = put_all(&merge, source, error);
	if (rc == SQLITE_OK && restored->added + restored->accounts != 0)
		rc = tell(&merge);
	trust_merge_clear(&merge);
	return rc;
}
