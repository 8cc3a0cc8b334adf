#ifndef LIST_WISH_H_
#define LIST_WISH_H_

#include "ground/moment.h"
#include "settings/settings.h"

/* What a line of `list` asks for. */

#define LIST_WISH_LIMIT 1000000	/* the most that --limit takes */

struct list_wish {
	const struct settings *settings;
	struct moment now;
	int json;		/* one object a line; else a table */
	const char *user;	/* NULL: of all */
	const char *client;	/* likewise */
	int64_t since;		/* Unix seconds; 0: from the beginning */
	int64_t limit;		/* the newest so many; 0: all */
	int is_active;		/* what may refuse something now */
	int is_live;
};

#endif /* !LIST_WISH_H_ */
