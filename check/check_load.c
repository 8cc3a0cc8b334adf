#include "config.h"

#include "check/check_load.h"

#include <sys/stat.h>

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "check/check_http.h"

#define OBJECT LIBEXECDIR "/authgear-check-http.so"

typedef struct http *make(const struct settings *settings,
    struct error *error);
typedef void perform(struct http *http, struct exchange *exchange,
    int64_t msecs);

/* What C has no conversion for, but dlsym(3) means. */
static int
find(void *object, const char *name, void *function, size_t size)
{
	void *found = dlsym(object, name);

	memcpy(function, &found, size);
	return found == NULL ? -1 : 0;
}

/* What it does is believed as much as the program, at which the module looks
 * so. */
static int
look(struct error *error)
{
	struct stat st;

	if (lstat(OBJECT, &st) == -1) {
		error_set(error, "%s: %s", OBJECT, strerror(errno));
		return -1;
	}
	if (S_ISREG(st.st_mode) && st.st_uid == 0 &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return 0;
	error_set(error, "%s is not root's alone; it is not loaded", OBJECT);
	return -1;
}

static int
load(struct check_load *load, struct error *error)
{
	make *new_http = NULL;
	perform *send = NULL;
	void *object;

	if (look(error) == -1)
		return -1;
	object = dlopen(OBJECT, RTLD_NOW | RTLD_LOCAL);
	if (object == NULL || find(object, "check_http_new", &new_http,
	    sizeof(new_http)) == -1 || find(object, "check_http_perform",
	    &send, sizeof(send)) == -1) {
		error_set(error, "%s", dlerror());
		return -1;
	}
	load->http = new_http(load->settings, error);
	load->perform = send;
	return load->http == NULL ? -1 : 0;
}

void
check_load_perform(void *context, struct exchange *exchange, int64_t msecs)
{
	struct check_load *loaded = context;

	if (loaded->http == NULL && load(loaded, &exchange->error) == -1) {
		exchange->outcome = EXCHANGE_LOCAL_FAULT;
		exchange->no_memory = loaded->perform != NULL;
		return;
	}
	loaded->perform(loaded->http, exchange, msecs);
}
