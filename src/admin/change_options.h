#ifndef CHANGE_OPTIONS_H_
#define CHANGE_OPTIONS_H_

#include "facts/revocation.h"

enum change_command {
	CHANGE_REVOKE = 0,
	CHANGE_BLOCK,
	CHANGE_LIFT,
	CHANGE_MAP,		/* map add */
	CHANGE_UNMAP		/* map remove */
};

/* What was asked for; the strings are those of argv. */
struct change_options {
	enum change_command command;
	enum revocation_kind kind;
	const char *config;
	const char *value;	/* NULL: a credential says it */
	const char *account;	/* map add */
	const char *file;	/* the credential's; NULL: stdin */
	const char *reason;
	const char *at;		/* NULL where not given */
	const char *from;
	const char *until;
	int64_t id;		/* lift: 0 if by kind and value */
	int json;
};

enum change_parse {
	CHANGE_RUN = 0,
	CHANGE_HELPED,		/* --help was printed */
	CHANGE_USAGE		/* wrong; what is on stderr */
};

enum change_parse change_options_parse(struct change_options *options,
    enum change_command command, int argc, char **argv);

#endif /* !CHANGE_OPTIONS_H_ */
