#include "config.h"

#include "log.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

/* What was refused for one reason in one second. */
struct tally {
	int64_t second;
	unsigned int said;
	unsigned long unsaid;
};

struct log {
	enum log_target target;
	const char *name;
	pthread_mutex_t lock;		/* of the tallies */
	struct tally tallies[REASON_COUNT];
	pthread_mutex_t writing;	/* of stderr, and of: */
	unsigned long lost;		/* lines that it did not take */
};

struct log *
log_new(enum log_target target, const char *name)
{
	struct log *log;

	log = calloc(1, sizeof(*log));
	if (log == NULL)
		return NULL;
	if (pthread_mutex_init(&log->lock, NULL) != 0) {
		free(log);
		return NULL;
	}
	if (pthread_mutex_init(&log->writing, NULL) != 0) {
		pthread_mutex_destroy(&log->lock);
		free(log);
		return NULL;
	}
	log->target = target;
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
log_put(const char *line, size_t len)
{
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&out, 1, 0) != 1 || (out.revents & POLLOUT) == 0)
		return -1;
	return write(STDERR_FILENO, line, len) == -1 ? -1 : 0;
}

static void
log_put_in_turn(struct log *log, const char *line, size_t len)
{
	char text[128];
	int text_len;

	pthread_mutex_lock(&log->writing);
	if (log->lost > 0) {
		text_len = snprintf(text, sizeof(text), "%s[%ld]: warning: "
		    "%lu lines lost, the log was not read\n", log->name,
		    (long)getpid(), log->lost);
		if (text_len > 0 && (size_t)text_len < sizeof(text) &&
		    log_put(text, (size_t)text_len) == 0)
			log->lost = 0;
	}
	if (log->lost > 0 || log_put(line, len) == -1)
		log->lost++;
	pthread_mutex_unlock(&log->writing);
}

static void
log_write(struct log *log, enum log_level level, char *text)
{
	static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_INFO };
	static const char *const names[] = { "error: ", "warning: ", "" };
	char line[LOG_MAX_LINE + 64];
	char *byte;
	int len;

	for (byte = text; *byte != '\0'; byte++) {
		if ((*byte >= 0 && *byte < ' ') || *byte == 0x7f)
			*byte = '?';
	}
	if (log->target == LOG_TO_SYSLOG) {
		syslog(priorities[level], "%s%s", names[level], text);
		return;
	}
	len = snprintf(line, sizeof(line), "%s[%ld]: %s%s\n", log->name,
	    (long)getpid(), names[level], text);
	if (len <= 0)
		return;
	if ((size_t)len >= sizeof(line)) {
		len = (int)sizeof(line) - 1;
		line[len - 1] = '\n';
	}
	log_put_in_turn(log, line, (size_t)len);
}

void
log_say(struct log *log, enum log_level level, const char *format, ...)
{
	char text[LOG_MAX_LINE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_write(log, level, text);
}

/* Begins the second if it is new; the count of the one before. */
static unsigned long
log_turn(struct tally *tally, int64_t second)
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
log_say_unsaid(struct log *log, enum reason reason, unsigned long unsaid)
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
	unsaid = log_turn(tally, boottime / 1000);
	say = tally->said < LOG_REFUSALS_A_SECOND;
	if (say)
		tally->said++;
	else
		tally->unsaid++;
	pthread_mutex_unlock(&log->lock);
	log_say_unsaid(log, reason, unsaid);
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
		unsaid = log_turn(&log->tallies[i], boottime / 1000);
		pthread_mutex_unlock(&log->lock);
		log_say_unsaid(log, (enum reason)i, unsaid);
	}
}
