#include "admin/change_log.h"

#include <stddef.h>
#include <syslog.h>

#define LINES_MAX 100		/* of one command */

int64_t
change_log_last(const struct settings *settings)
{
	return trust_list_number(settings->state, settings->endpoint, NULL);
}

static void
say(const struct trust_list_change *change)
{
	syslog(LOG_NOTICE, "change %lld by %.64s: %s %.700s",
	    (long long)change->number, change->actor, change->action,
	    change->detail);
}

/* Of many the last one says what they were. */
static void
say_rest(const struct settings *settings, int count)
{
	const struct trust_list_filter filter = { .limit = 1 };
	struct trust_list_change change;
	struct trust_list *list;

	syslog(LOG_NOTICE, "and %d more: 'authgear-cache list audit' has "
	    "them; the last one:", count);
	list = trust_list_open_audit(settings->state, settings->endpoint,
	    &filter, NULL);
	if (list != NULL && trust_list_next_change(list, &change, NULL) == 1)
		say(&change);
	trust_list_free(list);
}

int
change_log_tell(const struct settings *settings, int64_t after,
    void (*tell)(const struct trust_list_change *change))
{
	const struct trust_list_filter filter = { .after = after };
	struct trust_list_change change;
	struct trust_list *list;
	int count = 0, found;

	if (after < 0)
		return -1;
	list = trust_list_open_audit(settings->state, settings->endpoint,
	    &filter, NULL);
	if (list == NULL)
		return -1;
	openlog("authgear-cache", LOG_PID | LOG_NDELAY, LOG_AUTHPRIV);
	while ((found = trust_list_next_change(list, &change, NULL)) == 1) {
		if (count++ < LINES_MAX)
			say(&change);
		if (tell != NULL)
			tell(&change);
	}
	if (count > LINES_MAX)
		say_rest(settings, count - LINES_MAX);
	closelog();
	trust_list_free(list);
	return found;
}
