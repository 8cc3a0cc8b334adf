#include "config.h"

#include "transport/http_setup.h"

#include <stdlib.h>
#include <string.h>

#include "ground/origin.h"

void
http_setup_origin(const char *url, char *origin, size_t size)
{
	const char *authority;
	size_t len;

	origin[0] = '\0';
	authority = strstr(url, "://");
	if (authority == NULL)
		return;
	authority += 3;
	len = (size_t)(authority - url) + strcspn(authority, "/?#");
	if (len >= size)
		return;
	memcpy(origin, url, len);
	origin[len] = '\0';
}

int
http_setup_may_ask(const struct settings *settings, const char *origin,
    struct error *error)
{
	struct error ignored = { "" };

	if (origin_check(origin, &ignored) == -1) {
		error_set(error, "not an http or https address: %.200s",
		    origin[0] == '\0' ? "(none)" : origin);
		return -1;
	}
	if (origin_is_https(origin) || origin_is_loopback(origin) ||
	    settings->insecure_allow_http)
		return 0;
	error_set(error, "%.200s: refused, http is for loopback addresses or "
	    "with insecure_allow_http; use https", origin);
	return -1;
}

void
http_setup_free(struct curl_slist *headers)
{
	struct curl_slist *header;

	for (header = headers; header != NULL; header = header->next)
		explicit_bzero(header->data, strlen(header->data));
	curl_slist_free_all(headers);
}

static int
add_headers(const struct exchange *exchange, struct curl_slist **headers)
{
	const struct exchange_header *header;
	struct curl_slist *list;
	struct buffer line;
	size_t i;

	for (i = 0; i < exchange->header_count; i++) {
		header = &exchange->headers[i];
		buffer_init(&line, 128 * 1024);
		buffer_append_format(&line, "%s: %s", header->name,
		    header->value);
		list = line.failed ? NULL :
		    curl_slist_append(*headers, line.data);
		buffer_clear(&line);
		if (list == NULL)
			return -1;
		*headers = list;
	}
	return 0;
}

/* What holds for every exchange: nothing from the environment, no other
 * protocol, no redirect, no decoding, no name or password. */
static int
set_rules(CURL *easy)
{
	static const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{ CURLOPT_FOLLOWLOCATION, 0 },
		{ CURLOPT_HTTP09_ALLOWED, 0 },
		{ CURLOPT_HTTP_CONTENT_DECODING, 0 },
		{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
		{ CURLOPT_NETRC, CURL_NETRC_IGNORED },
		{ CURLOPT_NOSIGNAL, 1 },
		{ CURLOPT_NOPROGRESS, 1 },
		{ CURLOPT_DISALLOW_USERNAME_IN_URL, 1 },
		{ CURLOPT_PATH_AS_IS, 1 },
		{ CURLOPT_SUPPRESS_CONNECT_HEADERS, 1 },
		{ CURLOPT_SSL_VERIFYPEER, 1 },
		{ CURLOPT_SSL_VERIFYHOST, 2 },
		/* What a firewall forgot is found out while it is idle, and
		 * what was idle for long is not used again. */
		{ CURLOPT_TCP_KEEPALIVE, 1 },
		{ CURLOPT_TCP_KEEPIDLE, HTTP_SETUP_IDLE_SECONDS / 3 },
		{ CURLOPT_TCP_KEEPINTVL, HTTP_SETUP_IDLE_SECONDS / 6 },
		{ CURLOPT_MAXAGE_CONN, HTTP_SETUP_IDLE_SECONDS },
		/* A name that moved is known with the next connection. */
		{ CURLOPT_DNS_CACHE_TIMEOUT, 0 },
		{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
#if LIBCURL_VERSION_NUM >= 0x075700
		/* A name server that hangs must not hold the fetch thread. */
		{ CURLOPT_QUICK_EXIT, 1 },
#endif
	};
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (curl_easy_setopt(easy, numbers[i].option,
		    numbers[i].value) != CURLE_OK)
			return -1;
	}
	if (curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") !=
	    CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_USERAGENT,
	    PACKAGE_NAME "/" PACKAGE_VERSION) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_NOPROXY, "") != CURLE_OK)
		return -1;
	return 0;
}

static int
set_site(CURL *easy, const struct settings *settings, int trusts_system)
{
	if (curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)settings->connect_timeout * 1000) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_PROXY,
	    settings->proxy != NULL ? settings->proxy : "") != CURLE_OK)
		return -1;
	if (settings->ca_file == NULL)
		return 0;
	if (curl_easy_setopt(easy, CURLOPT_CAINFO, settings->ca_file) !=
	    CURLE_OK)
		return -1;
	/* Its directory would be trusted beside the file. */
	if (!trusts_system &&
	    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) != CURLE_OK)
		return -1;
	return 0;
}

static int
set_method(CURL *easy, const char *method)
{
	if (strcmp(method, "GET") == 0)
		return 0;
	/* No body is waited for behind its answer. */
	if (strcmp(method, "HEAD") == 0)
		return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L) ==
		    CURLE_OK ? 0 : -1;
	return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method) ==
	    CURLE_OK ? 0 : -1;
}

int
http_setup(CURL *easy, const struct settings *settings, int trusts_system,
    const struct exchange *exchange, struct curl_slist **headers_out)
{
	*headers_out = NULL;
	if (set_rules(easy) == -1 ||
	    set_site(easy, settings, trusts_system) == -1 ||
	    set_method(easy, exchange->method) == -1 ||
	    add_headers(exchange, headers_out) == -1)
		return -1;
	if (curl_easy_setopt(easy, CURLOPT_URL, exchange->url) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, *headers_out) !=
	    CURLE_OK)
		return -1;
	return 0;
}
