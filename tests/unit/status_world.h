#ifndef STATUS_WORLD_H_
#define STATUS_WORLD_H_

#include <stdint.h>

#include "ground/error.h"
#include "ground/moment.h"
#include "state/status.h"
#include "state/status_keys.h"
#include "state/status_sessions.h"

/* A status.db in a directory of its own, open once. */

#define STATUS_WORLD_ENDPOINT "https://login.example.com"
#define STATUS_WORLD_BOOT "11111111-2222-3333-4444-555555555555"

struct status_world {
	char *directory;
	char *path;
	struct status *status;
	struct error error;
};

int status_world_setup(void **state);
int status_world_setup_wide(void **state); /* on scratch_wide() */
int status_world_teardown(void **state);

/* Once more. */
struct status *status_world_open(struct status_world *place);

struct moment status_world_at(int64_t boottime);

struct status_keys status_world_keys(const char *boot_id, int64_t started,
    const char *jwks);
void status_world_store_keys(struct status *status, const char *boot_id,
    int64_t started, const char *jwks);
void status_world_expect_keys(struct status *status, const char *jwks);

void status_world_make(struct status_session *session, const char *user,
    int64_t boottime);
void status_world_store(struct status *status, const char *key,
    const char *user, int64_t boottime);
void status_world_end(struct status *status, const char *key,
    int64_t boottime);
void status_world_doubt(struct status *status, const char *key,
    int64_t boottime);

/* Whose row it is now; "" for none, "-" for not live, "?" for doubted. */
const char *status_world_user_of(struct status *status, const char *key);

#endif /* !STATUS_WORLD_H_ */
