#include "nginx/keeping.h"

#include <strings.h>
#include <time.h>

#include "nginx/store.h"

#define LOOK_MSECS 1000
#define FLYING 256
#define SECONDS_MAX 86400	/* more than that is meant by nobody */

struct keeping {
	struct keeping_conf conf;
	struct epoch root;
	struct epoch daemon;
	struct digest *digest;	/* NULL: not begun in this process */
	struct store *store;
	unsigned char pages[2][EPOCH_SIZE];	/* that what is kept is of */
	uint64_t turn;		/* one more with each change of them */
	int64_t looked;		/* when the pages were looked for */
	unsigned is_begun:1;
	unsigned is_there:1;	/* both were found */
	unsigned is_told:1;	/* that they were not */
	ngx_queue_t flying[FLYING];
};

static void
on_pool_end(void *data)
{
	struct keeping *keeping = data;

	epoch_clear(&keeping->root);
	epoch_clear(&keeping->daemon);
	digest_free(keeping->digest);
	store_free(keeping->store);
}

struct keeping *
keeping_new(ngx_pool_t *pool, const struct keeping_conf *conf)
{
	struct keeping *keeping = ngx_pcalloc(pool, sizeof(*keeping));
	ngx_pool_cleanup_t *cleanup = ngx_pool_cleanup_add(pool, 0);
	ngx_uint_t i;

	if (keeping == NULL || cleanup == NULL)
		return NULL;
	keeping->conf = *conf;
	epoch_init(&keeping->root, (const char *)conf->root.data, EPOCH_TRUST,
	    EPOCH_OF_ROOT);
	epoch_init(&keeping->daemon, (const char *)conf->daemon.data,
	    EPOCH_DAEMON, EPOCH_OF_DIRECTORY);
	for (i = 0; i < FLYING; i++) {
		/* a macro of two statements */
		ngx_queue_init(&keeping->flying[i]);
	}
	cleanup->handler = on_pool_end;
	cleanup->data = keeping;
	return keeping;
}

const struct keeping_conf *
keeping_conf(const struct keeping *keeping)
{
	return &keeping->conf;
}

/* Nothing of it is the master's: workers share no page, secret or grant. */
static int
begin(struct keeping *keeping)
{
	if (!keeping->is_begun) {
		keeping->is_begun = 1;
		keeping->digest = digest_new();
		keeping->store = store_new(keeping->conf.max);
		if (keeping->digest == NULL || keeping->store == NULL)
			ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
			    "authgear_cache: no memory: nothing is kept");
	}
	return keeping->digest != NULL && keeping->store != NULL;
}

static int64_t
clock_msecs(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_BOOTTIME, &now) == -1)
		return -1;
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
look(struct keeping *keeping, int64_t now)
{
	int has_root, has_daemon;

	if ((keeping->is_there || keeping->is_told) &&
	    now - keeping->looked < LOOK_MSECS)
		return;
	keeping->looked = now;
	has_root = epoch_look(&keeping->root);
	has_daemon = epoch_look(&keeping->daemon);
	keeping->is_there = has_root && has_daemon;
	if (!keeping->is_there && !keeping->is_told)
		ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
		    "authgear_cache: nothing is kept: no page that counts "
		    "in %V; authgear-cache doctor says why", has_root ?
		    &keeping->conf.daemon : &keeping->conf.root);
	if (keeping->is_there && keeping->is_told)
		ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
		    "authgear_cache: the pages are there: grants are kept");
	keeping->is_told = !keeping->is_there;
}

/* The pages as they are now; 0: one does not count. */
static int
read_pages(struct keeping *keeping)
{
	unsigned char pages[2][EPOCH_SIZE];
	const int is_good = keeping->is_there &&
	    epoch_read(&keeping->root, pages[0]) == 1 &&
	    epoch_read(&keeping->daemon, pages[1]) == 1;

	if (is_good && ngx_memcmp(pages, keeping->pages, sizeof(pages)) == 0)
		return 1;
	if (!is_good)
		ngx_memzero(pages, sizeof(pages));
	keeping->turn++;
	store_forget(keeping->store);
	ngx_memcpy(keeping->pages, pages, sizeof(pages));
	return is_good;
}

int
keeping_note(struct keeping *keeping,
    const struct keeping_question *question, struct keeping_note *note_out)
{
	const struct digest_part parts[] = {
		{ question->policy->data, question->policy->len },
		{ question->socket->data, question->socket->len },
		{ question->authorization.data, question->authorization.len },
		{ question->cookies.data, question->cookies.len }
	};

	note_out->at = clock_msecs();
	if (!begin(keeping) || note_out->at < 0)
		return 0;
	look(keeping, note_out->at);
	if (!read_pages(keeping))
		return 0;
	note_out->turn = keeping->turn;
	ngx_memcpy(note_out->pages, keeping->pages, sizeof(note_out->pages));
	return digest_parts(keeping->digest, parts,
	    sizeof(parts) / sizeof(parts[0]), note_out->key) == 0;
}

const char *
keeping_find(struct keeping *keeping, const struct keeping_note *note,
    size_t *len_out)
{
	return store_find(keeping->store, note->key, note->at, len_out);
}

/* In hex, one behind the other, and nothing behind both. */
static int
are_pages(const char *text, const unsigned char pages[2][EPOCH_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char page[2 * EPOCH_SIZE];
	size_t i;

	ngx_memcpy(page, pages, sizeof(page));
	for (i = 0; i < sizeof(page); i++)
		if (text[2 * i] != digits[page[i] >> 4] ||
		    text[2 * i + 1] != digits[page[i] & 0xf])
			return 0;
	return text[2 * sizeof(page)] == '\0';
}

/* Decimal digits alone, and the pages as they were read; 0: it may not be
 * kept. */
static int64_t
seconds(const struct answer *answer, const struct keeping_note *note)
{
	const char *text = answer_find(answer, "X-Authgear-Keep");
	int64_t number = 0;
	size_t i;

	if (text == NULL)
		return 0;
	for (i = 0; text[i] != ' '; i++) {
		if (text[i] < '0' || text[i] > '9' || i == 9)
			return 0;
		number = number * 10 + (text[i] - '0');
	}
	if (!are_pages(text + i + 1, note->pages))
		return 0;
	return number < SECONDS_MAX ? number : SECONDS_MAX;
}

/* Name and value of each, but for how long it may be kept. */
static size_t
compose(const struct answer *answer, char *text)
{
	const struct answer_field *field;
	size_t i, len, at = 0;

	for (i = 0; i < answer->count; i++) {
		field = &answer->fields[i];
		if (strcasecmp(field->name, "X-Authgear-Keep") == 0)
			continue;
		len = ngx_strlen(field->name) + 1;
		ngx_memcpy(text + at, field->name, len);
		at += len;
		len = ngx_strlen(field->value) + 1;
		ngx_memcpy(text + at, field->value, len);
		at += len;
	}
	return at;
}

int
keeping_put(struct keeping *keeping, const struct keeping_note *note,
    const struct answer *answer)
{
	const int64_t until = seconds(answer, note) * 1000;
	/* each is shorter than its line of the head */
	char text[ANSWER_RECORDS_MAX];

	if (until == 0)
		return 0;
	if (note->turn == keeping->turn)
		store_put(keeping->store, note->key, note->at + until, text,
		    compose(answer, text));
	return 1;
}

ngx_queue_t *
keeping_flying(struct keeping *keeping, const struct keeping_note *note)
{
	return &keeping->flying[note->key[0]];
}
