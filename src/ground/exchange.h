#ifndef EXCHANGE_H_
#define EXCHANGE_H_

#include <stddef.h>

#include "ground/buffer.h"
#include "ground/error.h"

/*
 * One HTTP exchange as data: what the gate wants asked, and what came back.
 * The gate fills in the request, the transport the answer; nobody else looks
 * inside.  Threads: one at a time; it is handed from one to another.
 */

#define EXCHANGE_MAX_METHOD 16	/* letters */
#define EXCHANGE_MAX_HEADERS 32
#define EXCHANGE_MAX_KEEP 2
#define EXCHANGE_MAX_KEPT 32

struct exchange_header {
	char *name;
	char *value;		/* may be a credential: wiped when freed */
};

enum exchange_outcome {
	EXCHANGE_UNSENT = 0,	/* nothing tried yet */
	EXCHANGE_ANSWERED,	/* a complete HTTP answer, of any status */
	EXCHANGE_UNREACHABLE,	/* no answer: name, connection, TLS, deadline */
	EXCHANGE_FAULTY,	/* it breaks HTTP, is cut or too big */
	EXCHANGE_LOCAL_FAULT	/* it failed here, for want of memory, a thread,
				   a descriptor or a file of ours: that says
				   nothing of who is asked */
};

struct exchange {
	/* request */
	char method[EXCHANGE_MAX_METHOD + 1];	/* GET unless set */
	char *url;		/* owned */
	struct exchange_header headers[EXCHANGE_MAX_HEADERS];
	size_t header_count;
	size_t max_body;	/* bytes; a larger body is EXCHANGE_FAULTY */
	const char *keep[EXCHANGE_MAX_KEEP];	/* begin of the names of answer
				   headers to keep, any case; borrowed (static
				   text); NULL: none */
	int head_only;		/* the answer is its head: no body is read or
				   missed, its length need not be told */
	int body_of;		/* the body is of interest with this status
				   alone: any other answer is its head; 0: with
				   all */

	/* answer */
	enum exchange_outcome outcome;
	int was_closed;		/* UNREACHABLE: connected (TLS made), then
				   closed without a line of an answer */
	int no_memory;		/* LOCAL_FAULT: of memory; it may have been
				   sent, of the others nothing was */
	int status;		/* HTTP status code; 0 unless ANSWERED */
	struct buffer body;
	struct exchange_header kept[EXCHANGE_MAX_KEPT]; /* of the final head,
				   as they came; one more is EXCHANGE_FAULTY */
	size_t kept_count;
	struct error error;	/* why not ANSWERED, for the log */
};

/* A GET of `url`.  NULL: out of memory. */
struct exchange *exchange_new(const char *url, size_t max_body);
void exchange_free(struct exchange *exchange);

/* Another method than GET.  0, or -1 (not 1 to EXCHANGE_MAX_METHOD letters A
 * to Z). */
int exchange_set_method(struct exchange *exchange, const char *method);

/* Add a request header (copied).  0, or -1 (memory, too many, CR/LF/NUL). */
int exchange_add_header(struct exchange *exchange, const char *name,
    const char *value);

/*
 * For the transport: keep one header of the answer (copied; the value is
 * what stands between the blanks).  0, or -1 (memory, too many).
 */
int exchange_keep_header(struct exchange *exchange, const char *name,
    size_t name_len, const char *value, size_t value_len);

/* How often the answer has this header, any case; *value_out is the first
 * one's, borrowed, NULL if none. */
size_t exchange_find_kept(const struct exchange *exchange, const char *name,
    const char **value_out);

/* Forget the answer, so that the exchange can be sent again. */
void exchange_reset(struct exchange *exchange);

#endif /* !EXCHANGE_H_ */
