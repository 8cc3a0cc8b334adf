#ifndef LOG_H_
#define LOG_H_

#include <stdint.h>

#include "ground/notices.h"
#include "ground/reason.h"

/*
 * The daemon's log: stderr (one write a line) or syslog.  It never waits for
 * whoever reads stderr: lines are lost then, and counted.
 * Nothing here knows a credential; callers hand over finished lines.
 * On stderr a line begins with name[pid]:, before it the time (UTC) if that is
 * a terminal or a file; for the journal with <priority> alone (sd-daemon(3)),
 * since it notes name, pid and time by itself.
 * Threads: may be used by all.
 */

#define LOG_REFUSALS_A_SECOND 100	/* for each reason */
#define LOG_MAX_LINE 1900		/* bytes; longer ones are cut */

enum log_target {
	LOG_TO_STDERR = 0,
	LOG_TO_SYSLOG
};

enum log_level {
	LOG_LEVEL_ERROR = 0,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO
};

struct log;

/* 1 if stderr is the journal's stream of systemd.exec(5): `journal_stream` is
 * the value of JOURNAL_STREAM, NULL if there is none. */
int log_is_journal(const char *journal_stream);

/* NULL: out of memory.  `name` is the program's; must outlive the log.
 * `journal_stream` as above. */
struct log *log_new(enum log_target target, const char *name,
    const char *journal_stream);
void log_free(struct log *log);		/* says what is not said yet */

/* One line; control bytes become '?'. */
void log_say(struct log *log, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One line, of what those without a log have found. */
void log_notice(struct log *log, enum notice_level level, const char *text);

/*
 * A refusal: said, unless LOG_REFUSALS_A_SECOND of its reason were said in
 * this second of boottime (milliseconds); those are counted, and the count is
 * said by log_tick().
 */
void log_refusal(struct log *log, enum reason reason, int64_t boottime,
    const char *line);

/* About once a second: say the counts of the seconds that are over. */
void log_tick(struct log *log, int64_t boottime);

#endif /* !LOG_H_ */
