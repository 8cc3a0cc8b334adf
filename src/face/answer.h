#ifndef FACE_ANSWER_H_
#define FACE_ANSWER_H_

#include <stddef.h>

/*
 * The answer to one FastCGI request, read strictly by who asked.  Nothing is
 * accepted in part; needs no library.  No state: any thread.
 */

#define ANSWER_RECORDS_MAX 16384	/* bytes, all records and padding */
#define ANSWER_FIELDS_MAX 48

enum answer_check {
	ANSWER_BAD = 0,		/* malformed, too long, or it says of itself
				   that it is no whole answer */
	ANSWER_SHORT,		/* good so far, more must come */
	ANSWER_COMPLETE
};

struct answer_field {
	const char *name;
	const char *value;
};

struct answer {
	int status;		/* 100 to 999 */
	size_t count;
	struct answer_field fields[ANSWER_FIELDS_MAX]; /* into text */
	const char *body;	/* likewise, behind the head; with its NUL */
	size_t body_len;
	size_t len;		/* bytes put into text */
	char text[ANSWER_RECORDS_MAX + 1];
};

/*
 * Walk the records of the answer to the request of this id; those of another
 * are BAD.
 * They are STDOUT and its end, then one END_REQUEST that says that all went
 * well, and nothing behind it.
 * The head, if COMPLETE: `Status:` first and once, then fields, no name twice
 * in any case, no control byte, CR LF behind each, a blank line.
 * The body is handed out as it is.
 */
enum answer_check answer_check(struct answer *answer, unsigned int id,
    const unsigned char *bytes, size_t len);

/* For who answers request 1: the records of it, with this text, which is a head
 * and a body.  `out` holds ANSWER_RECORDS_MAX.  The length; 0: too long. */
size_t answer_compose(const char *text, size_t len, unsigned char *out);

/* The value of a field, by its exact name; NULL if it is not there. */
const char *answer_find(const struct answer *answer, const char *name);

#endif /* !FACE_ANSWER_H_ */
