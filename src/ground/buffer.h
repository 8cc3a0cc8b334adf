#ifndef BUFFER_H_
#define BUFFER_H_

#include <stddef.h>

/*
 * A byte string that grows up to a limit fixed when it is made.
 * After a failed append (limit or memory) `failed` stays set, and further ones
 * do nothing: callers check once, at the end.
 * `data` always ends in a NUL that is not counted in `len`.
 * Threads: one at a time.
 */
struct buffer {
	char *data;		/* "" until the first append; owned */
	size_t len;		/* bytes, without the closing NUL */
	size_t capacity;
	size_t limit;		/* greatest len */
	int failed;		/* an append did not fit or memory ran out */
	int no_memory;		/* the latter */
};

void buffer_init(struct buffer *buffer, size_t limit);

/* Frees, after wiping all bytes; the buffer may be used again. */
void buffer_clear(struct buffer *buffer);

/* Forgets (and wipes) the content, keeps the memory. */
void buffer_reset(struct buffer *buffer);

/* 0, or -1 and `failed`. */
int buffer_append(struct buffer *buffer, const void *data, size_t len);
int buffer_append_string(struct buffer *buffer, const char *string);
int buffer_append_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif /* !BUFFER_H_ */
