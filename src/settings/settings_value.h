#ifndef SETTINGS_VALUE_H_
#define SETTINGS_VALUE_H_

#include "settings/settings_table.h"

/*
 * How values are read and printed, one pair for each type; all of the form
 * of the members `set` and `print` of struct settings_row.
 */

int settings_value_set_number(void *target, const struct settings_row *row,
    const char *value, struct error *error);
void settings_value_print_number(const void *target,
    const struct settings_row *row, struct buffer *text);

/* yes, no */
int settings_value_set_boolean(void *target, const struct settings_row *row,
    const char *value, struct error *error);
void settings_value_print_boolean(const void *target,
    const struct settings_row *row, struct buffer *text);

/* anonymous_users: allow, deny */
int settings_value_set_allow(void *target, const struct settings_row *row,
    const char *value, struct error *error);
void settings_value_print_allow(const void *target,
    const struct settings_row *row, struct buffer *text);

/* unauthenticated, cors_preflight: pass, deny */
int settings_value_set_pass(void *target, const struct settings_row *row,
    const char *value, struct error *error);
void settings_value_print_pass(const void *target,
    const struct settings_row *row, struct buffer *text);

/* client_identity: ignore, refuse */
int settings_value_set_ignore(void *target, const struct settings_row *row,
    const char *value, struct error *error);
void settings_value_print_ignore(const void *target,
    const struct settings_row *row, struct buffer *text);

/* an absolute path; an origin; a URL with a path; one word of visible ASCII;
 * a proxy URL; a cookie prefix */
int settings_value_set_url(void *target, const struct settings_row *row,
    const char *value, struct error *error);
int settings_value_set_word(void *target, const struct settings_row *row,
    const char *value, struct error *error);
int settings_value_set_path(void *target, const struct settings_row *row,
    const char *value, struct error *error);
int settings_value_set_origin(void *target, const struct settings_row *row,
    const char *value, struct error *error);
int settings_value_set_proxy(void *target, const struct settings_row *row,
    const char *value, struct error *error);
int settings_value_set_cookie_prefix(void *target,
    const struct settings_row *row, const char *value, struct error *error);
void settings_value_print_string(const void *target,
    const struct settings_row *row, struct buffer *text);

/* words separated by commas or blanks */
int settings_value_set_list(void *target, const struct settings_row *row,
    const char *value, struct error *error);
/* the same, of names whose letters and digits differ */
int settings_value_set_export(void *target, const struct settings_row *row,
    const char *value, struct error *error);
void settings_value_print_list(const void *target,
    const struct settings_row *row, struct buffer *text);

/* clients: a list, or any; the target is the struct policy itself */
int settings_value_set_clients(void *target, const struct settings_row *row,
    const char *value, struct error *error);
void settings_value_print_clients(const void *target,
    const struct settings_row *row, struct buffer *text);

/* jwt, resolver, hybrid */
int settings_value_set_validate(void *target, const struct settings_row *row,
    const char *value, struct error *error);
void settings_value_print_validate(const void *target,
    const struct settings_row *row, struct buffer *text);

/* sub, map, claim:NAME; the target is the struct policy itself */
int settings_value_set_remote_user(void *target,
    const struct settings_row *row, const char *value, struct error *error);
void settings_value_print_remote_user(const void *target,
    const struct settings_row *row, struct buffer *text);

#endif /* !SETTINGS_VALUE_H_ */
