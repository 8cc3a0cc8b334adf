#ifndef SETTINGS_FILE_H_
#define SETTINGS_FILE_H_

#include "ground/buffer.h"
#include "ground/error.h"

/*
 * The whole settings file, with a newline at its end.  Refused: not regular,
 * not of root or the caller, writable by group or others, larger than
 * SETTINGS_MAX_FILE.
 * 0, or -1 and error, "PATH: what is wrong, what to do".
 * Threads: no state; any thread.
 */
int settings_file_read(const char *path, struct buffer *text,
    struct error *error);

#endif /* !SETTINGS_FILE_H_ */
