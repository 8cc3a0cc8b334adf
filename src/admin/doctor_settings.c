#include "admin/doctor_settings.h"

void
doctor_settings(struct doctor *doctor, const struct error *error)
{
	const struct settings *settings = doctor->settings;
	size_t i;

	if (settings == NULL) {
		doctor_say(doctor, DOCTOR_BAD, "settings", "mend that, then "
		    "'authgear-cache --check-config'", "%s",
		    error_text(error));
		return;
	}
	for (i = 0; i < settings->warnings.count; i++)
		doctor_say(doctor, DOCTOR_BAD, "settings", "see "
		    "authgear.conf(5)", "%s", settings->warnings.words[i]);
	if (i == 0)
		doctor_say(doctor, DOCTOR_GOOD, "settings", NULL,
		    "%s: endpoint %s, %zu policies", doctor->config,
		    settings->endpoint, settings->policy_count);
}
