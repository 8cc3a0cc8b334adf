#ifndef OPTIONS_H_
#define OPTIONS_H_

#include "fcgi/layer/listener.h"
#include "fcgi/log.h"

enum options_action {
	OPTIONS_SERVE = 0,
	OPTIONS_CHECK_CONFIG,
	OPTIONS_PRINT_POLICIES,
	OPTIONS_PROBE,		/* of urls */
	OPTIONS_HELP,
	OPTIONS_VERSION
};

/*
 * The command line of authgear-fcgi(8); strings are argv's.
 * Threads: before there are others (getopt_long(3)).
 */
struct options {
	enum options_action action;
	int json;
	const char *config;
	int has_config;		/* it was named */
	const char *listen[LISTENER_MAX];
	size_t listen_count;
	unsigned int threads;
	unsigned int max_connections;
	const char *epoch;	/* directory of the daemon's page; NULL: none */
	enum log_target log;
	const char *const *urls;	/* argv's, for OPTIONS_PROBE alone */
	size_t url_count;
};

/* 0, or -1 and what is wrong with the usage. */
int options_read(struct options *options, int argc, char *argv[],
    struct error *error);

/* For --help; every option of the manual page. */
const char *options_help(void);

#endif /* !OPTIONS_H_ */
