#include "ground/notices.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct notice {
	enum notice_level level;
	struct error text;
};

struct notices {
	pthread_mutex_t lock;
	struct notice waiting[NOTICES_MAX];
	int count;
	void (*wake)(void *context);
	void *context;
};

struct notices *
notices_new(void)
{
	struct notices *notices = calloc(1, sizeof(*notices));

	if (notices != NULL && pthread_mutex_init(&notices->lock, NULL) == 0)
		return notices;
	free(notices);
	return NULL;
}

void
notices_free(struct notices *notices)
{
	if (notices == NULL)
		return;
	(void)pthread_mutex_destroy(&notices->lock);
	free(notices);
}

void
notices_serve(struct notices *notices, void (*wake)(void *context),
    void *context)
{
	(void)pthread_mutex_lock(&notices->lock);
	notices->wake = wake;
	notices->context = context;
	(void)pthread_mutex_unlock(&notices->lock);
}

void
notices_add(struct notices *notices, enum notice_level level,
    const char *format, ...)
{
	struct notice notice = { level, { "" } };
	char text[sizeof(notice.text.text)];
	va_list arguments;

	if (notices == NULL)
		return;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	error_set(&notice.text, "%s", text);
	(void)pthread_mutex_lock(&notices->lock);
	if (notices->count < NOTICES_MAX)
		notices->waiting[notices->count++] = notice;
	if (notices->wake != NULL)
		notices->wake(notices->context);
	(void)pthread_mutex_unlock(&notices->lock);
}

int
notices_take(struct notices *notices, enum notice_level *level_out,
    struct error *text_out)
{
	int found;

	(void)pthread_mutex_lock(&notices->lock);
	found = notices->count > 0;
	if (found) {
		*level_out = notices->waiting[0].level;
		*text_out = notices->waiting[0].text;
		notices->count--;
		memmove(notices->waiting, notices->waiting + 1,
		    (size_t)notices->count * sizeof(notices->waiting[0]));
	}
	(void)pthread_mutex_unlock(&notices->lock);
	return found;
}
