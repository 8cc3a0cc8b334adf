#ifndef GATE_WRITER_H_
#define GATE_WRITER_H_

#include <stddef.h>

#include "ground/error.h"
#include "ground/moment.h"
#include "settings/settings.h"

/*
 * What Authgear answered is written behind (status_write.h): where a process
 * has more than one gate, by one thread of its own.
 *
 * Threads: one at a time; `wake` is called from any, when there is something
 *   to write (is_urgent: at once; else more may be gathered first).
 * From gate_writer_new() on nobody else writes, until gate_writer_free().
 * Opens status.db; borrows settings and shared.  NULL and error.
 */

struct gate_shared;
struct gate_writer;
struct gate_writer *gate_writer_new(const struct settings *settings,
    struct gate_shared *shared, void (*wake)(void *context, int is_urgent),
    void *context, struct error *error);
void gate_writer_free(struct gate_writer *writer);

enum gate_writer_step {
	GATE_WRITER_FAILED = 0,	/* why, with the process that holds the file;
				   the same waits on */
	GATE_WRITER_DONE,	/* nothing waits */
	GATE_WRITER_MORE	/* call again */
};
enum gate_writer_step gate_writer_step(struct gate_writer *writer,
    const struct moment *now, struct error *error);

/* One small step of taking out sessions over max_sessions.  1: there are
 * more, call again soon. */
int gate_writer_tidy(struct gate_writer *writer, const struct moment *now);

/* How many sessions wait to be written. */
size_t gate_writer_waiting(const struct gate_writer *writer);

#endif /* !GATE_WRITER_H_ */
