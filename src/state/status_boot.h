#ifndef STATUS_BOOT_H_
#define STATUS_BOOT_H_

#include <stdint.h>

#include "state/status.h"

/* Boots by their numbers in the file.  Shared by status*.c alone.  Threads: as
 * a struct status. */

/* The text of a boot, NULL if the file does not know the number; borrowed
 * until the next call; an SQLite result. */
int status_boot_text(struct status *status, int64_t number,
    const char **text_out);

/* Its number, made if need be: in a transaction; an SQLite result. */
int status_boot_number(struct status *status, const char *boot_id,
    int64_t *number_out);

#endif /* !STATUS_BOOT_H_ */
