#ifndef TRUST_WORLD_H_
#define TRUST_WORLD_H_

#include <stdint.h>

#include "face/epoch.h"
#include "facts/revocation.h"
#include "ground/error.h"
#include "ground/moment.h"
#include "ground/reason.h"
#include "state/trust.h"
#include "state/write/trust_writer.h"

/* A state directory of the caller's own, with a writer and a reader. */

#define TRUST_WORLD_ENDPOINT "https://login.example.com"
#define TRUST_WORLD_WALL INT64_C(1700000000)

struct trust_world {
	char *scratch;
	char *directory;
	char *file;
	struct error error;
	struct trust_writer *writer;
	struct trust *trust;
};

extern const struct trust_note trust_world_note;

struct moment trust_world_at(int64_t boottime);

int trust_world_setup(void **state);
int trust_world_setup_wide(void **state); /* on scratch_wide() */
int trust_world_teardown(void **state);

/* The writer and the reader, and without them. */
void trust_world_enter(struct trust_world *place);
void trust_world_leave(struct trust_world *place);

/* The id of what was added. */
int64_t trust_world_add(struct trust_world *place, enum revocation_kind kind,
    enum revocation_rule rule, const char *value, int64_t from,
    int64_t until);
int64_t trust_world_block(struct trust_world *place, const char *user);
int trust_world_lift(struct trust_world *place, int64_t id,
    enum revocation_kind kind, const char *value);

/* What a token of this user says; STATE_UNREADABLE if that fails. */
enum reason trust_world_ask_of(struct trust *trust, const char *user,
    int64_t boottime, struct error *error);
enum reason trust_world_ask(struct trust_world *place, const char *user);

/* The page for kept answers: open; 1 and what it says if it is a good one; its
 * path (scratch_path()). */
struct epoch trust_world_page(const struct trust_world *place);
int trust_world_look(const struct trust_world *place,
    unsigned char value[EPOCH_SIZE]);
int trust_world_is_good(const struct trust_world *place);
const char *trust_world_page_path(const struct trust_world *place);

/* Block a user, which may fail; init once more, which may not. */
enum trust_write trust_world_try(struct trust_world *place,
    const char *user);
void trust_world_init(struct trust_world *place);

#endif /* !TRUST_WORLD_H_ */
