#ifndef EPOCH_PAGE_H_
#define EPOCH_PAGE_H_

#include "face/epoch.h"
#include "ground/error.h"

/*
 * The daemon's page for who keeps answers (epoch.h): DIRECTORY/daemon, in a
 * directory of this user's own that everybody may pass and nobody else writes.
 * Threads: one at a time.
 */

struct epoch_page;

/* Zeros, from the beginning: nothing from before counts.  Borrows the path.
 * NULL and error. */
struct epoch_page *epoch_page_new(const char *directory, struct error *error);

/* With zeros: nobody keeps anything while no daemon looks. */
void epoch_page_free(struct epoch_page *page);

/* Other bytes, or zeros.  0, or -1 and error: then there is no page, as far as
 * that can be. */
int epoch_page_renew(struct epoch_page *page, struct error *error);
int epoch_page_blank(struct epoch_page *page, struct error *error);

/* 1 if what was written last lies there. */
int epoch_page_is_ours(const struct epoch_page *page);

/* What was written last, zeros where that failed. */
const unsigned char *epoch_page_value(const struct epoch_page *page);

#endif /* !EPOCH_PAGE_H_ */
