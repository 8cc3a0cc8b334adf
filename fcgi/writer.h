#ifndef WRITER_H_
#define WRITER_H_

#include "fcgi/log.h"
#include "gate/gate_writer.h"
#include "settings/settings.h"

/*
 * The one thread that writes status.db: what the gates of the process put
 * there, and the taking out of what is too much.  It alone waits for other
 * processes that hold the file, and for the disk; while it takes no write
 * the log says why, once a minute.
 * Threads: one makes and frees it.
 */

struct writer;

/*
 * Opens the state.  Settings, shared and log are borrowed.  The thread takes
 * over the caller's signal mask.
 * NULL and error: it cannot.
 */
struct writer *writer_new(const struct settings *settings,
    struct gate_shared *shared, struct log *log, struct error *error);

/* Writes what waits, for WRITER_END_MS at most, and joins the thread; after
 * all who could add to it have ended. */
#define WRITER_END_MS 2000
void writer_free(struct writer *writer);

#endif /* !WRITER_H_ */
