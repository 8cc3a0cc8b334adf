#ifndef LIGHTTPD_CONDITION_H_
#define LIGHTTPD_CONDITION_H_

/*
 * Whether a condition of lighttpd's is at work while authgear-fcgi is asked:
 * the request stands at an address of ours then, and the header by which it is
 * known what came of it is empty.
 * No state: any thread.
 */

enum lighttpd_holds {
	LIGHTTPD_HOLDS_NOT = 0,
	LIGHTTPD_HOLDS_PERHAPS,	/* it depends on something else, or what it
				   says is not understood */
	LIGHTTPD_HOLDS
};

/* `$HTTP["url"] =^ "/app/" {', as `lighttpd -p' prints it. */
enum lighttpd_holds lighttpd_condition_holds(const char *line);

#endif /* !LIGHTTPD_CONDITION_H_ */
