#include "live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char policy[] = "accelerometer=(), ambient-light-sensor=(), "
    "autoplay=*, battery=(), bluetooth=(), browsing-topics=(), camera=(), "
    "display-capture=(), document-domain=(), encrypted-media=(), "
    "execution-while-not-rendered=*, execution-while-out-of-viewport=*, "
    "fullscreen=*, gamepad=(), geolocation=(), gyroscope=(), hid=(), "
    "identity-credentials-get=(), idle-detection=(), local-fonts=(), "
    "magnetometer=(), microphone=(), midi=(), otp-credentials=(), "
    "payment=(), picture-in-picture=(), publickey-credentials-create=(self), "
    "publickey-credentials-get=(self), screen-wake-lock=(), serial=(), "
    "speaker-selection=(), storage-access=(), usb=(), web-share=(), "
    "window-management=(), xr-spatial-tracking=()";

static void
add_flag(struct sim_answer *answer, const char *name, const json_t *facts,
    const char *member)
{
	sim_answer_add(answer, name,
	    sim_flag(facts, member, 0) ? "true" : "false");
}

static void
add_list(struct sim_answer *answer, const char *name, const json_t *list,
    const char *between)
{
	char text[4096] = "";
	const json_t *one;
	size_t i, len = 0;

	json_array_foreach(list, i, one) {
		if (len < sizeof(text))
			len += (size_t)snprintf(text + len,
			    sizeof(text) - len, "%s%s", i > 0 ? between : "",
			    json_string_value(one));
	}
	sim_answer_add(answer, name, text);
}

void
sim_answer_fixed(struct sim_answer *answer)
{
	sim_answer_add(answer, "Permissions-Policy", policy);
	sim_answer_add(answer, "X-Content-Type-Options", "nosniff");
	sim_answer_add(answer, "X-Robots-Tag", "noindex, nofollow");
}

void
sim_answer_outage(struct sim_answer *answer)
{
	char tracking[33], span[17], body[300];

	sim_random_hex(tracking, 32);
	sim_random_hex(span, 16);
	snprintf(body, sizeof(body), "{\"error\":{\"name\":\"InternalError\","
	    "\"reason\":\"UnexpectedError\",\"message\":\"unexpected error "
	    "occurred\",\"code\":500,\"tracking_id\":\"%s-%s\"}}", tracking,
	    span);
	sim_answer_body(answer, 500, "application/json", body);
}

void
sim_answer_valid(struct sim *sim, const json_t *session,
    const json_t *facts, struct sim_answer *answer)
{
	const json_t *roles = json_object_get(facts, "roles");
	const json_t *amr = NULL;
	int64_t at = sim_integer(session, "authenticated_at", 0);
	char text[24];

	pthread_mutex_lock(&sim->live->lock);
	/* a real one tells none, whatever the session has */
	if (sim_flag(sim->live->settings, "amr", 0))
		amr = json_object_get(session, "amr");
	pthread_mutex_unlock(&sim->live->lock);
	add_list(answer, "X-Authgear-Session-Amr", amr, " ");
	snprintf(text, sizeof(text), "%lld", (long long)at);
	if (at > 0)
		sim_answer_add(answer, "X-Authgear-Session-Authenticated-At",
		    text);
	sim_answer_add(answer, "X-Authgear-Session-Valid", "true");
	add_flag(answer, "X-Authgear-User-Anonymous", facts,
	    "anonymous");
	add_flag(answer, "X-Authgear-User-Can-Reauthenticate", facts,
	    "can_reauthenticate");
	sim_answer_add(answer, "X-Authgear-User-Id", sim_string(session,
	    "user_id"));
	if (json_array_size(roles) > 0)
		add_list(answer, "X-Authgear-User-Roles", roles, ",");
	add_flag(answer, "X-Authgear-User-Verified", facts,
	    "verified");
}

void
sim_answer_invalid(struct sim *sim, const struct sim_credentials *credentials,
    struct sim_answer *answer)
{
	const char *prefix, *domain;
	char text[500];

	sim_answer_add(answer, "X-Authgear-Session-Valid", "false");
	if (credentials->session == NULL)
		return;
	pthread_mutex_lock(&sim->live->lock);
	prefix = sim_string(sim->live->settings, "cookie_prefix");
	domain = sim_string(sim->live->settings, "cookie_domain");
	snprintf(text, sizeof(text), "%.80ssession=; Path=/; %s%.200s%s"
	    "Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; %sSameSite=Lax",
	    prefix != NULL ? prefix : "", domain != NULL ? "Domain=" : "",
	    domain != NULL ? domain : "", domain != NULL ? "; " : "",
	    strncmp(credentials->origin, "https://", 8) == 0 ? "Secure; " :
	    "");
	pthread_mutex_unlock(&sim->live->lock);
	sim_answer_add(answer, "Set-Cookie", text);
}

/* A header left out, doubled, changed or made long. */
void
sim_answer_spoil(const struct sim_fault *fault, struct sim_answer *answer)
{
	char *value = strdup(fault->value);
	json_t *pair;
	const char *name;
	size_t i;
	int copy;

	for (i = json_array_size(answer->headers); i-- > 0;) {
		pair = json_array_get(answer->headers, i);
		name = json_string_value(json_array_get(pair, 0));
		if (strcasecmp(name, fault->header) != 0)
			continue;
		if (!fault->has_value) {
			free(value);
			value = strdup(json_string_value(json_array_get(pair,
			    1)));
		}
		json_array_remove(answer->headers, i);
	}
	if (fault->size > 0) {
		free(value);
		value = calloc(1, (size_t)fault->size + 1);
		memset(value, 'a', (size_t)fault->size);
	}
	for (copy = 0; copy < fault->copies; copy++)
		sim_answer_add(answer, fault->header, value);
	free(value);
}
