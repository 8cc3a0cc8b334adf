#ifndef ERROR_H_
#define ERROR_H_

/*
 * What went wrong, as one line of text for a person.
 * The first error set wins: no consequence covers the cause.
 * The text of a credential never comes into one.
 * Threads: one at a time.
 */
struct error {
	char text[512];		/* "": none; ends in NUL, cut if longer */
};

/* Empty it, so that the next error_set() is kept. */
void error_clear(struct error *error);

/*
 * Record a line unless one is there already.  NULL `error` is allowed.
 * Control bytes are replaced by '?', so that the text can be logged.
 */
void error_set(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The text, or "no error" if there is none; never NULL. */
const char *error_text(const struct error *error);

#endif /* !ERROR_H_ */
