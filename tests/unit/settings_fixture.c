#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <sys/stat.h>

#include <cmocka.h>

#include "scratch.h"
#include "settings_fixture.h"

static char *directory;

int
settings_fixture_setup(void **state)
{
	*state = directory = scratch_make();
	return 0;
}

int
settings_fixture_teardown(void **state)
{
	(void)state;
	scratch_remove(directory);
	return 0;
}

const char *
settings_fixture_write(const void *text, size_t len)
{
	const char *path = scratch_path(directory, "authgear.conf");

	scratch_write(path, text, len);
	assert_int_equal(chmod(path, 0644), 0);
	return path;
}

struct settings *
settings_fixture_try(const char *text, struct error *error)
{
	error_clear(error);
	return settings_load(settings_fixture_write(text, strlen(text)),
	    error);
}

struct settings *
settings_fixture_load(const char *text)
{
	struct error error;
	struct settings *settings = settings_fixture_try(text, &error);

	if (settings == NULL)
		fail_msg("%s: %s", text, error.text);
	return settings;
}
