#ifndef FACE_RECORD_H_
#define FACE_RECORD_H_

#include <stddef.h>

/*
 * Is this one complete, sane FastCGI request?  No state: any thread.
 * libfcgi is given nothing that was not accepted here, and only in the plain
 * form of record_compose(): it crashes on hostile lengths and on management
 * records, waits for ever for what is missing, and loses count of padding
 * that a read splits.
 */

#define RECORD_REQUEST_MAX 131072	/* bytes, all records and padding */
#define RECORD_PARAMS_MAX 65536		/* bytes of all names and values */
#define RECORD_COMPOSED_MAX (RECORD_PARAMS_MAX + 64)
#define RECORD_SKIP_MAX 4194304		/* bytes of one that is too large */

enum record_answer {
	RECORD_BAD = 0,		/* malformed, oversized, or not for us */
	RECORD_SHORT,		/* good so far, more must come */
	RECORD_COMPLETE,
	RECORD_TOO_LARGE	/* names and values of over RECORD_PARAMS_MAX,
				   nothing else is wrong so far */
};

enum record_role {
	RECORD_RESPONDER = 1,
	RECORD_AUTHORIZER = 2
};

struct record_request {
	enum record_role role;
	unsigned int id;	/* 1 to 65535 */
	int keep;		/* the server wants the connection kept */
	int is_odd;		/* a NUL in a name or value, or a '=' in a
				   name: strings could not tell it */
	size_t len;		/* bytes of the request in the input */
	size_t params_len;	/* bytes put into params */
};

/*
 * The rest of a request that is too large, passed over so that its server can
 * be answered: one that is still writing would see a broken connection.
 */
struct record_skip {
	enum record_role role;
	unsigned int id;
	unsigned int type;	/* of the stream that is not at its end */
	unsigned char header[8];
	size_t header_len;	/* bytes of it that have come */
	size_t left;		/* bytes of the record begun */
	size_t passed;		/* bytes in all */
	int is_last;		/* the record begun ends the request */
};

/*
 * Walk the records at the beginning of `len` bytes.
 * A request is BEGIN of a responder or authorizer, PARAMS to their empty
 * record, and for a responder STDIN to its empty record (an authorizer's end
 * with PARAMS: servers differ in what they send behind).
 * All are of one id, none is of another type.
 * If COMPLETE *request_out and params (RECORD_PARAMS_MAX bytes) are filled.
 * If TOO_LARGE *request_out has role and id, no parameters, and in `len` where
 * the record begins that was too much.  Else they are of no use.
 * What follows the request is not looked at.
 */
enum record_answer record_check(const unsigned char *bytes, size_t len,
    struct record_request *request_out, unsigned char *params);

/* To the record at bytes[request->len] of a request that is TOO_LARGE. */
void record_skip_init(struct record_skip *skip,
    const struct record_request *request);

/*
 * Pass over the next `len` bytes, however they are cut: COMPLETE at the end of
 * the request (what follows is lost), SHORT before it, BAD if malformed or
 * over RECORD_SKIP_MAX.
 */
enum record_answer record_skip(struct record_skip *skip,
    const unsigned char *bytes, size_t len);

/*
 * One more name and value behind the `*len` bytes of params, which holds
 * RECORD_PARAMS_MAX; for who asks.  0, or -1 if it does not fit.
 */
int record_put_param(unsigned char *params, size_t *len, const char *name,
    const char *value);
int record_put_value(unsigned char *params, size_t *len, const char *name,
    const void *value, size_t value_len);

/*
 * The next name and value of params that were accepted, for who reads them
 * without libfcgi: as "NAME=value" behind the *out_len bytes of `out`, which
 * holds RECORD_PARAMS_MAX and is at its beginning with *at 0.  It, or NULL at
 * their end.
 */
char *record_next_param(const unsigned char *params, size_t len, size_t *at,
    char *out, size_t *out_len);

/*
 * The same request once more, without padding, flags, body and its end.
 * `out` holds RECORD_COMPOSED_MAX bytes.  Answers the length.
 */
size_t record_compose(const struct record_request *request,
    const unsigned char *params, unsigned char *out);

/*
 * What ends it: a body of zeros and its end, at least `len` bytes together and
 * RECORD_BLANK_MAX at most, which is what `out` holds.  Answers the length.
 * Who reads the request and this through one buffer has nothing left in it of
 * the request.
 */
#define RECORD_BLANK_MAX 8192
size_t record_blank(unsigned int id, size_t len, unsigned char *out);

#endif /* !FACE_RECORD_H_ */
