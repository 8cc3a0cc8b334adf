#ifndef EPOCH_WATCH_H_
#define EPOCH_WATCH_H_

#include "fcgi/epoch_shown.h"
#include "fcgi/log.h"
#include "gate/gate_epoch.h"

/*
 * What decides whether answers may be kept, once a second whether anybody asks
 * or not: the daemon's page (epoch_page.h) follows it, and the log says where
 * root's page keeps everybody from it.
 * Threads: one at a time.
 */

struct epoch_watch;

/* Makes the daemon's page, in `directory`, and shows what it says; borrows all.
 * NULL and error. */
struct epoch_watch *epoch_watch_new(const char *directory,
    struct epoch_shown *shown, const struct settings *settings,
    struct gate_shared *shared, struct log *log, struct error *error);
void epoch_watch_free(struct epoch_watch *watch);

void epoch_watch_look(struct epoch_watch *watch);

#endif /* !EPOCH_WATCH_H_ */
