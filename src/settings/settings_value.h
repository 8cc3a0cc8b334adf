#ifndef SETTINGS_VALUE_H_
#define SETTINGS_VALUE_H_

#include "settings/settings_row.h"

/*
 * The types of values that are no lists.  Each says what its member is.
 * Threads: no state; any thread.
 */

extern const struct settings_type settings_value_number;	/* int */

/* int: 1 for the first of the two words, 0 for the other */
extern const struct settings_type settings_value_boolean;  /* yes, no */
extern const struct settings_type settings_value_allow;	   /* allow, deny */
extern const struct settings_type settings_value_pass;	   /* pass, deny */
extern const struct settings_type settings_value_ignore;   /* ignore, refuse */

/* enum settings_validate: hybrid, resolver, jwt */
extern const struct settings_type settings_value_validate;

/* enum policy_identity_roles: all, required, none */
extern const struct settings_type settings_value_roles;

/* char *, owned */
extern const struct settings_type settings_value_path;	   /* absolute */
extern const struct settings_type settings_value_origin;
extern const struct settings_type settings_value_url;	   /* with a path */
extern const struct settings_type settings_value_word;	   /* visible ASCII */
extern const struct settings_type settings_value_proxy;
extern const struct settings_type settings_value_cookie_prefix;

/* struct policy itself: sub, map, claim:NAME */
extern const struct settings_type settings_value_remote_user;

#endif /* !SETTINGS_VALUE_H_ */
