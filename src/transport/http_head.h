#ifndef HTTP_HEAD_H_
#define HTTP_HEAD_H_

#include <stddef.h>

/*
 * The head of an HTTP/1.1 answer (RFC 9112), line by line as the library
 * hands it over, checked more strictly than the library does: a head that
 * could be read in two ways is no answer.  No state: any thread.
 */

#define HTTP_HEAD_MAX (64 * 1024)	/* bytes, all lines together */

/* One header line, borrowed from it; the value without outer blanks. */
struct http_head_field {
	const char *name;	/* NULL: the last line was no header */
	size_t name_len;
	const char *value;
	size_t value_len;
};

/* Zeros to begin with. */
struct http_head {
	int status;		/* of the last status line; 0: none yet */
	size_t len;		/* bytes of all heads, interim ones too */
	int lengths;		/* Content-Length lines */
	int encodings;		/* Transfer-Encoding lines */
	int complete;		/* the empty line was seen */
	struct http_head_field field;	/* of the last line, while it lives;
				   status is that of its head */
	const char *fault;	/* NULL, or what is wrong; static text */
};

/*
 * One line with its line end: 0, or -1 and `fault`.
 * Refused: a status line that is none, a folded line, a line without a name, a
 * control byte, lengths that contradict each other, over HTTP_HEAD_MAX bytes.
 */
int http_head_line(struct http_head *head, const char *line, size_t len);

/* 0 if the head is complete and of a final status; else -1 and `fault`. */
int http_head_whole(struct http_head *head);

/* When the answer ended: http_head_whole(), and it told the length of its
 * body; else -1 and `fault`. */
int http_head_end(struct http_head *head);

#endif /* !HTTP_HEAD_H_ */
