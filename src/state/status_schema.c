#include "config.h"

#include "state/status_schema.h"

#include <stddef.h>

#include "state/status_helper.h"
#include "state/status_lineage.h"

/* Times are Unix seconds (wall) or milliseconds of that boot (boottime). */
static const char *const migrations[] = {
	"CREATE TABLE issuer ("
	" endpoint TEXT NOT NULL PRIMARY KEY,"
	" jwks_uri TEXT NOT NULL,"
	" authorization_endpoint TEXT,"
	" jwks BLOB NOT NULL,"
	" started_wall INTEGER NOT NULL,"
	" started_boottime INTEGER NOT NULL,"
	" boot_id TEXT NOT NULL) STRICT;"
	"CREATE TABLE lease ("
	" endpoint TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" boot_id TEXT NOT NULL,"
	" taken INTEGER NOT NULL,"
	" running_until INTEGER NOT NULL,"
	" PRIMARY KEY (endpoint, name)) STRICT, WITHOUT ROWID;",
	/* the endpoint is hashed into the key of a session */
	"CREATE TABLE session ("
	" key TEXT NOT NULL UNIQUE,"
	" is_live INTEGER NOT NULL,"
	" started_wall INTEGER NOT NULL,"
	" started_boottime INTEGER NOT NULL,"
	" boot_id TEXT NOT NULL,"
	" user_id TEXT,"
	" roles TEXT,"
	" amr TEXT,"
	" anonymous INTEGER,"
	" verified INTEGER,"
	" can_reauthenticate INTEGER,"
	" authenticated_at INTEGER,"
	" verified_by TEXT) STRICT;"
	"CREATE INDEX session_started ON session (started_wall);"
	"CREATE TABLE backoff ("
	" endpoint TEXT NOT NULL PRIMARY KEY,"
	" boot_id TEXT NOT NULL,"
	" failures INTEGER NOT NULL,"
	" until INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
	/*
	 * A key is SHA-256 of the credential's text, which the old ones do not
	 * tell: their rows are found under them as long as they last.
	 */
	"ALTER TABLE session RENAME TO session_before;"
	"CREATE TABLE about ("
	" endpoint TEXT,"		/* NULL: nobody wrote yet */
	" sessions INTEGER NOT NULL"	/* rows of `session` */
	") STRICT;"
	"INSERT INTO about (endpoint, sessions) VALUES (NULL, 0);"
	"CREATE TABLE boot ("
	" number INTEGER PRIMARY KEY,"	/* in the order of the boots */
	" boot_id TEXT NOT NULL UNIQUE) STRICT;"
	"CREATE TABLE session ("
	" id INTEGER PRIMARY KEY,"	/* of key and kind, status_row.c */
	" key BLOB NOT NULL,"
	" kind INTEGER NOT NULL,"
	" is_live INTEGER NOT NULL,"
	" is_doubted INTEGER NOT NULL,"
	" boot INTEGER NOT NULL,"
	" started INTEGER NOT NULL,"
	" user_id ANY,"		/* 16 bytes if it is a UUID */
	" roles TEXT,"
	" amr TEXT,"
	" anonymous INTEGER,"
	" verified INTEGER,"
	" can_reauthenticate INTEGER,"
	" authenticated_at INTEGER,"
	" verified_by BLOB) STRICT;"
	"CREATE INDEX session_order ON session (boot, started);"
	STATUS_LINEAGE_TABLE,
	/* a time, or still the 1 of before: the rows stay as they are */
	"ALTER TABLE session RENAME COLUMN is_doubted TO doubted_at;"
	"ALTER TABLE backoff ADD COLUMN is_fault INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE backoff ADD COLUMN told_until "
	"INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE backoff ADD COLUMN mark INTEGER NOT NULL DEFAULT 0;"
	STATUS_HELPER_TABLES
};

const struct database_schema status_schema = {
	.version = 4,
	.application_id = 0x41477374,	/* "AGst" */
	.migrations = migrations,
	.full_sync = 0,
	.mode = 0600,
	.migrated_by = "the daemon brings it up to date when it starts, so "
	    "run 'systemctl restart authgear-fcgi'"
};

