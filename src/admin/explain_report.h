#ifndef EXPLAIN_REPORT_H_
#define EXPLAIN_REPORT_H_

#include <stdio.h>

#include "gate/gate.h"
#include "gate/gate_explain.h"
#include "ground/json.h"

/*
 * What `explain` tells: written as lines where the gate is, read line by line,
 * then told for people or as one JSON object.
 */

#define EXPLAIN_REPORT_STEPS 256

struct explain_step {
	char *name;		/* owned, as is the text */
	char *text;
	const char *mark;	/* gate_explain_mark_name() */
};

struct explain_report {
	struct explain_step steps[EXPLAIN_REPORT_STEPS];
	size_t count;
	int is_whole;		/* the decision was read */
	enum reason reason;
	enum credential_kind kind;
	int may_pass;		/* though denied */
	int64_t retry_after;	/* seconds; 0: nothing to wait for */
	char *policy;		/* owned, as all here; NULL: none, or not
				   known */
	char *credential;	/* 16 digits */
	char *user;
	char *remote_user;
	char *detail;
};

/* Where the gate is: one step, then the decision, which comes last. */
void explain_report_step(FILE *out, const char *name,
    enum gate_explain_mark mark, const char *text);
void explain_report_decision(FILE *out, const struct decision *decision);

/* One of those lines: 0, or -1: it is none, or memory. */
int explain_report_read(struct explain_report *report,
    const struct json *line);
void explain_report_clear(struct explain_report *report);

/* On stdout. */
void explain_report_print(const struct explain_report *report, int json);

#endif /* !EXPLAIN_REPORT_H_ */
