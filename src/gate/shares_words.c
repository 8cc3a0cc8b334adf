/* What an operator reads of shares. */
#include "config.h"

#include "gate/shares_words.h"

static const char *
hint(int is_alone)
{
	return is_alone ? "; all of them are of one client address: where "
	    "that is every visitor's, the web server must tell them apart "
	    "(set_real_ip_from of nginx, mod_remoteip of Apache, "
	    "mod_extforward of lighttpd)" : "";
}

void
shares_words_lookup(const struct shares_refusal *refusal,
    struct error *error)
{
	static const char *const of[] = {
		[SHARES_TAKEN] = "",
		[SHARES_LIMIT_ALL] = "the half of lookup_rate that is open "
		    "to all",
		[SHARES_LIMIT_UID] = "the part of lookup_rate of this asker",
		[SHARES_LIMIT_NETWORK] = "the part of lookup_rate of this "
		    "client's network",
		[SHARES_LIMIT_ADDRESS] = "the part of lookup_rate of this "
		    "client address"
	};

	error_set(error, "%s is taken by credentials never seen before that "
	    "brought no live session within a minute, or wait%s",
	    of[refusal->limit], hint(refusal->is_alone));
}

void
shares_words_seat(const struct shares_refusal *refusal, int is_program,
    struct error *error)
{
	static const char *const of[] = {
		[SHARES_TAKEN] = "",
		[SHARES_LIMIT_ALL] = "",
		[SHARES_LIMIT_UID] = " of this asker",
		[SHARES_LIMIT_NETWORK] = " from this client's network",
		[SHARES_LIMIT_ADDRESS] = " from this client address"
	};

	error_set(error, "too many %s%s wait (--max-connections)%s",
	    is_program && refusal->limit != SHARES_LIMIT_UID ? "logins" :
	    "requests", of[refusal->limit], hint(refusal->is_alone));
}

void
shares_words_place(int is_alone, struct error *error)
{
	error_set(error, "no place among the lookups (max_lookups) became "
	    "free in time%s", hint(is_alone));
}
