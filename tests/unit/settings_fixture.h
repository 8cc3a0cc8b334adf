#ifndef SETTINGS_FIXTURE_H_
#define SETTINGS_FIXTURE_H_

#include "settings/settings.h"

/* Settings files in a directory of the test's own. */

#define HEAD "[authgear]\nendpoint = https://a.test\n"
#define TAIL "[policy default]\nclients = one\n"

/* Of a group of tests: makes the directory, whose path *state is. */
int settings_fixture_setup(void **state);
int settings_fixture_teardown(void **state);

/* Write the file, right in every way but its text; its path. */
const char *settings_fixture_write(const void *text, size_t len);

/* Write and load; NULL and error. */
struct settings *settings_fixture_try(const char *text, struct error *error);

/* Likewise; the test fails where it is refused. */
struct settings *settings_fixture_load(const char *text);

#endif /* !SETTINGS_FIXTURE_H_ */
