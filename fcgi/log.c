#include "config.h"

#include "fcgi/log.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

/* What stands before a line on stderr. */
enum log_form {
	LOG_FORM_PLAIN = 0,	/* who reads it notes the time: name[pid]: */
	LOG_FORM_STAMPED,	/* a terminal or a file: the time too */
	LOG_FORM_JOURNAL	/* it knows name, pid and time: <priority> */
};

/* What was refused for one reason in one second. */
struct tally {
	int64_t second;
	unsigned int said;
	unsigned long unsaid;
};

struct log {
	enum log_target target;
	enum log_form form;
	const char *name;
	pthread_mutex_t lock;		/* of the tallies */
	struct tally tallies[REASON_COUNT];
	pthread_mutex_t writing;	/* of stderr, and of: */
	unsigned long lost;		/* lines that it did not take */
};

static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_INFO };
static const char *const level_words[] = { "error: ", "warning: ", "" };

int
log_is_journal(const char *journal_stream)
{
	struct stat out;
	char text[64];

	if (journal_stream == NULL || fstat(STDERR_FILENO, &out) == -1)
		return 0;
	(void)snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)out.st_dev,
	    (uintmax_t)out.st_ino);
	return strcmp(text, journal_stream) == 0;
}

static enum log_form
form_of(const char *journal_stream)
{
	struct stat out;

	if (log_is_journal(journal_stream))
		return LOG_FORM_JOURNAL;
	if (fstat(STDERR_FILENO, &out) == 0 &&
	    (S_ISREG(out.st_mode) || isatty(STDERR_FILENO)))
		return LOG_FORM_STAMPED;
	return LOG_FORM_PLAIN;
}

struct log *
log_new(enum log_target target, const char *name, const char *journal_stream)
{
	struct log *log;

	log = calloc(1, sizeof(*log));
	if (log == NULL)
		return NULL;
	(void)pthread_mutex_init(&log->lock, NULL);
	(void)pthread_mutex_init(&log->writing, NULL);
	log->target = target;
	log->form = form_of(journal_stream);
	log->name = name;
	if (target == LOG_TO_SYSLOG)
		openlog(name, LOG_PID | LOG_NDELAY, LOG_AUTHPRIV);
	return log;
}

void
log_free(struct log *log)
{
	if (log == NULL)
		return;
	log_tick(log, INT64_MAX);
	if (log->target == LOG_TO_SYSLOG)
		closelog();
	pthread_mutex_destroy(&log->writing);
	pthread_mutex_destroy(&log->lock);
	free(log);
}

/*
 * A log that cannot be written must not stop decisions, nor must one that
 * nobody reads: a line that would have to wait is counted instead.  A pipe
 * or socket that takes anything takes a whole line, which is under PIPE_BUF.
 */
static int
put(const char *line, size_t len)
{
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&out, 1, 0) != 1 || (out.revents & POLLOUT) == 0)
		return -1;
	return write(STDERR_FILENO, line, len) == -1 ? -1 : 0;
}

/* The whole line as stderr gets it; its length, 0: none. */
static size_t
compose(const struct log *log, enum log_level level, const char *text,
    char *line, size_t size)
{
	char stamp[sizeof("2026-01-01T00:00:00Z ")] = "";
	time_t now = time(NULL);
	struct tm utc;
	int len;

	if (log->form == LOG_FORM_STAMPED && gmtime_r(&now, &utc) != NULL &&
	    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ ", &utc) == 0)
		stamp[0] = '\0';
	if (log->form == LOG_FORM_JOURNAL)
		len = snprintf(line, size, "<%d>%s%s\n",
		    priorities[level], level_words[level], text);
	else
		len = snprintf(line, size, "%s%s[%ld]: %s%s\n", stamp,
		    log->name, (long)getpid(), level_words[level], text);
	if (len <= 0)
		return 0;
	if ((size_t)len >= size) {
		len = (int)size - 1;
		line[len - 1] = '\n';
	}
	return (size_t)len;
}

static void
put_in_turn(struct log *log, const char *line, size_t len)
{
	char text[64], lost[192];
	size_t lost_len;

	pthread_mutex_lock(&log->writing);
	if (log->lost > 0) {
		(void)snprintf(text, sizeof(text), "%lu lines lost, the log "
		    "was not read", log->lost);
		lost_len = compose(log, LOG_LEVEL_WARNING, text, lost,
		    sizeof(lost));
		if (lost_len > 0 && put(lost, lost_len) == 0)
			log->lost = 0;
	}
	if (log->lost > 0 || put(line, len) == -1)
		log->lost++;
	pthread_mutex_unlock(&log->writing);
}

static void
write_text(struct log *log, enum log_level level, char *text)
{
	char line[LOG_MAX_LINE + 128];
	unsigned char *byte;
	size_t len;

	for (byte = (unsigned char *)text; *byte != '\0'; byte++) {
		if (*byte < ' ' || *byte == 0x7f)
			*byte = '?';
	}
	if (log->target == LOG_TO_SYSLOG) {
		syslog(priorities[level], "%s%s", level_words[level], text);
		return;
	}
	len = compose(log, level, text, line, sizeof(line));
	if (len > 0)
		put_in_turn(log, line, len);
}

void
log_say(struct log *log, enum log_level level, const char *format, ...)
{
	char text[LOG_MAX_LINE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	write_text(log, level, text);
}

void
log_notice(struct log *log, enum notice_level level, const char *text)
{
	static const enum log_level levels[] = {
		[NOTICE_INFO] = LOG_LEVEL_INFO,
		[NOTICE_WARNING] = LOG_LEVEL_WARNING,
		[NOTICE_ERROR] = LOG_LEVEL_ERROR
	};

	log_say(log, levels[level], "%s", text);
}

/* Begins the second if it is new; the count of the one before. */
static unsigned long
turn(struct tally *tally, int64_t second)
{
	unsigned long unsaid = tally->unsaid;

	if (tally->second == second)
		return 0;
	tally->second = second;
	tally->said = 0;
	tally->unsaid = 0;
	return unsaid;
}

static void
say_unsaid(struct log *log, enum reason reason, unsigned long unsaid)
{
	if (unsaid > 0)
		log_say(log, LOG_LEVEL_WARNING, "not logged one by one: "
		    "reason=%s count=%lu", reason_name(reason), unsaid);
}

void
log_refusal(struct log *log, enum reason reason, int64_t boottime,
    const char *line)
{
	struct tally *tally;
	unsigned long unsaid;
	int say;

	if ((unsigned int)reason >= REASON_COUNT)
		return;
	tally = &log->tallies[reason];
	pthread_mutex_lock(&log->lock);
	unsaid = turn(tally, boottime / 1000);
	say = tally->said < LOG_REFUSALS_A_SECOND;
	if (say)
		tally->said++;
	else
		tally->unsaid++;
	pthread_mutex_unlock(&log->lock);
	say_unsaid(log, reason, unsaid);
	if (say)
		log_say(log, LOG_LEVEL_INFO, "%s", line);
}

void
log_tick(struct log *log, int64_t boottime)
{
	unsigned long unsaid;
	int i;

	for (i = 0; i < REASON_COUNT; i++) {
		pthread_mutex_lock(&log->lock);
		unsaid = turn(&log->tallies[i], boottime / 1000);
		pthread_mutex_unlock(&log->lock);
		say_unsaid(log, (enum reason)i, unsaid);
	}
}
