/*
 * A PAM host that has functions by the names of those of libraries: its own,
 * or, built WITH_JSON_C, those of json-c.
 *
 *   pam_symbols CONFDIR SERVICE USER < PASSWORD
 *
 * Prints "auth CODE", "account CODE", "own RESULT" (what its function says
 * after the transaction), "called N" (how often its functions were, but by
 * itself), and "library NAME" for each that was not loaded before.
 */
#include <security/pam_appl.h>

#include <link.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef WITH_JSON_C
#include <json-c/json.h>
#endif

#define LIBRARIES 256
#define PASSWORD_SIZE 16385

struct libraries {
	size_t count;
	char names[LIBRARIES][256];
};

static unsigned int called;

#ifdef WITH_JSON_C
static int
own_result(void)
{
	struct json_object *json = json_tokener_parse("{\"number\":42}");
	struct json_object *number = NULL;
	int result = -1;

	if (json_object_object_get_ex(json, "number", &number))
		result = json_object_get_int(json_object_get(number));
	json_object_put(number);
	json_object_put(json);
	return result;
}
#else
/* the names of jansson, SQLite and OpenSSL */
extern void *json_object_get(const void *object, const char *key);
extern int sqlite3_open_v2(const char *name, void **database, int flags,
    const char *vfs);
extern void *EVP_MD_CTX_new(void);

void *
json_object_get(const void *object, const char *key)
{
	(void)object;
	(void)key;
	called++;
	return NULL;
}

int
sqlite3_open_v2(const char *name, void **database, int flags, const char *vfs)
{
	(void)name;
	(void)database;
	(void)flags;
	(void)vfs;
	called++;
	return 42;
}

void *
EVP_MD_CTX_new(void)
{
	called++;
	return NULL;
}

static int
own_result(void)
{
	int result = sqlite3_open_v2(NULL, NULL, 0, NULL);

	called--;
	return result;
}
#endif

static int
converse(int count, const struct pam_message **messages,
    struct pam_response **responses, void *data)
{
	struct pam_response *all;
	int i;

	(void)messages;
	all = calloc((size_t)count, sizeof(*all));
	if (all == NULL)
		return PAM_BUF_ERR;
	for (i = 0; i < count; i++)
		all[i].resp = strdup(data);
	*responses = all;
	return PAM_SUCCESS;
}

static int
add_library(struct dl_phdr_info *info, size_t size, void *data)
{
	struct libraries *libraries = data;

	(void)size;
	if (libraries->count < LIBRARIES)
		(void)snprintf(libraries->names[libraries->count++],
		    sizeof(libraries->names[0]), "%s", info->dlpi_name);
	return 0;
}

static void
print_fresh(const struct libraries *before, const struct libraries *after)
{
	size_t i, j;

	for (i = 0; i < after->count; i++) {
		for (j = 0; j < before->count; j++)
			if (strcmp(after->names[i], before->names[j]) == 0)
				break;
		if (j == before->count)
			printf("library %s\n", after->names[i]);
	}
}

static int
log_in(char *argv[], char *password)
{
	const struct pam_conv conv = { converse, password };
	pam_handle_t *pamh = NULL;
	int code;

	code = pam_start_confdir(argv[2], argv[3], &conv, argv[1], &pamh);
	if (code != PAM_SUCCESS)
		return -1;
	code = pam_authenticate(pamh, 0);
	printf("auth %d\n", code);
	if (code == PAM_SUCCESS) {
		code = pam_acct_mgmt(pamh, 0);
		printf("account %d\n", code);
	}
	return pam_end(pamh, code) == PAM_SUCCESS ? 0 : -1;
}

int
main(int argc, char *argv[])
{
	static struct libraries before, after;
	char password[PASSWORD_SIZE];
	ssize_t len;

	len = read(STDIN_FILENO, password, sizeof(password) - 1);
	if (argc != 4 || len < 0)
		return 2;
	password[len] = '\0';
	/* what the system's directory of users brings along is not ours */
	(void)getpwnam("root");
	(void)getpwnam("nobody-of-this-name");
	(void)dl_iterate_phdr(add_library, &before);
	if (log_in(argv, password) == -1)
		return 1;
	(void)dl_iterate_phdr(add_library, &after);
	printf("own %d\ncalled %u\n", own_result(), called);
	print_fresh(&before, &after);
	return 0;
}
