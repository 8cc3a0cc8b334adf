#ifndef PROBE_PRINT_H_
#define PROBE_PRINT_H_

#include <stdio.h>

#include "fcgi/probe.h"
#include "settings/settings.h"

/*
 * What --probe says, as lines for people or as one JSON object, each part as
 * soon as it is known.  Nothing of an answer is printed but its status, our
 * request id and our reason.
 * Threads: one at a time.
 */
struct probe_print {
	FILE *out;
	int json;
	size_t addresses;	/* begun so far */
	size_t lines;		/* of the address at hand */
};

void probe_print_begin(struct probe_print *print, FILE *out, int json);
void probe_print_address(struct probe_print *print, const char *url);
void probe_print_result(struct probe_print *print,
    const struct probe_result *result);

/* The end of an address: its verdict, and the sentence. */
void probe_print_summary(struct probe_print *print, const char *url,
    const struct probe_report *report, const struct settings *settings);

/* The verdict on all.  0, or -1 if writing failed. */
int probe_print_end(struct probe_print *print, enum probe_verdict verdict);

#endif /* !PROBE_PRINT_H_ */
