#include "config.h"

#include "fcgi/epoch_watch.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "face/epoch.h"
#include "fcgi/epoch_page.h"
#include "ground/epoch_place.h"
#include "transport/clock.h"

#define PATIENCE_MS 5000	/* longer than a change should take */
#define STRANGE_MAX 5		/* looks, one a second */

struct epoch_watch {
	struct log *log;
	struct epoch_page *page;
	struct epoch_shown *shown;
	struct gate_epoch *gate;
	struct moment now;
	int is_failing;			/* to write the page, and that was
					   said */
	char folder[EPOCH_PLACE_SIZE];	/* of root's page */
	struct epoch roots;
	unsigned char seen[EPOCH_SIZE];	/* what it said; zeros: nothing good */
	int64_t good_at;		/* boottime: root's was good last */
	int is_said;			/* that it is not */
	int strange;			/* so often in a row the daemon's was
					   not what it had written */
};

struct epoch_watch *
epoch_watch_new(const char *directory, struct epoch_shown *shown,
    const struct settings *settings, struct gate_shared *shared,
    struct log *log, struct error *error)
{
	struct epoch_watch *watch = calloc(1, sizeof(*watch));

	if (watch == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	watch->log = log;
	watch->shown = shown;
	epoch_place(settings->state, watch->folder);
	epoch_init(&watch->roots, watch->folder, EPOCH_TRUST, EPOCH_OF_ROOT);
	watch->page = epoch_page_new(directory, error);
	if (watch->page != NULL)
		watch->gate = gate_epoch_new(settings, shared, error);
	if (watch->gate == NULL)
		goto failed;
	if (clock_now(&watch->now) == 0) {
		watch->good_at = watch->now.boottime;
		return watch;
	}
	error_set(error, "no boot id: is /proc mounted?");
failed:
	epoch_watch_free(watch);
	return NULL;
}

void
epoch_watch_free(struct epoch_watch *watch)
{
	if (watch == NULL)
		return;
	epoch_page_free(watch->page);
	gate_epoch_free(watch->gate);
	epoch_clear(&watch->roots);
	free(watch);
}

static int
follow(struct epoch_watch *watch, struct error *error)
{
	const int before = watch->strange;

	watch->strange = 0;
	switch (gate_epoch_look(watch->gate, &watch->now)) {
	case GATE_EPOCH_SAME:
		if (epoch_page_is_ours(watch->page))
			return 0;
		watch->strange = before < INT_MAX ? before + 1 : before;
		return epoch_page_renew(watch->page, error);
	case GATE_EPOCH_OTHER:
		return epoch_page_renew(watch->page, error);
	case GATE_EPOCH_BLIND:
	default:
		return epoch_page_blank(watch->page, error);
	}
}

static void
look_at_ours(struct epoch_watch *watch)
{
	struct error error = { "" };
	const int is_failing = follow(watch, &error) == -1;

	if (is_failing && !watch->is_failing)
		log_say(watch->log, LOG_LEVEL_WARNING, "web servers keep no "
		    "answers: %s", error_text(&error));
	else if (!is_failing && watch->is_failing)
		log_say(watch->log, LOG_LEVEL_INFO, "the daemon's page for "
		    "kept answers is written again");
	watch->is_failing = is_failing;
	if (is_failing)
		watch->strange = 0;
	else if (watch->strange == STRANGE_MAX)
		log_say(watch->log, LOG_LEVEL_WARNING, "web servers keep no "
		    "answers: somebody else writes the page of --epoch each "
		    "time, as another daemon with the same directory does; "
		    "give each daemon its own");
}

static void
say_roots(struct epoch_watch *watch, int is_there)
{
	if (is_there)
		log_say(watch->log, LOG_LEVEL_WARNING, "web servers keep no "
		    "answers: %s/" EPOCH_TRUST " is blank, by a change of "
		    "trust.db that is under way or ended in its middle; if "
		    "none runs, 'authgear-cache init' as root mends it",
		    watch->folder);
	else
		log_say(watch->log, LOG_LEVEL_WARNING, "web servers keep no "
		    "answers: %s/" EPOCH_TRUST " is missing, or not root's "
		    "alone; 'authgear-cache init' as root makes it",
		    watch->folder);
}

static void
look_at_roots(struct epoch_watch *watch)
{
	const int is_there = epoch_look(&watch->roots);

	if (epoch_read(&watch->roots, watch->seen)) {
		watch->good_at = watch->now.boottime;
		if (watch->is_said)
			log_say(watch->log, LOG_LEVEL_INFO, "%s/" EPOCH_TRUST
			    " is well again", watch->folder);
		watch->is_said = 0;
	} else if (!watch->is_said &&
	    watch->now.boottime - watch->good_at > PATIENCE_MS) {
		say_roots(watch, is_there);
		watch->is_said = 1;
	}
}

void
epoch_watch_look(struct epoch_watch *watch)
{
	/* without a clock the last moment is good enough */
	(void)clock_advance(&watch->now);
	look_at_ours(watch);
	look_at_roots(watch);
	epoch_shown_set(watch->shown, watch->seen,
	    epoch_page_value(watch->page));
}
