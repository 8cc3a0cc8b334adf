/* What stands for an asker in the table of shares. */
#include "config.h"

#include "gate/shares_who.h"

#include <stdio.h>
#include <string.h>

#include "ground/address.h"
#include "ground/hash.h"

#define UID_SIZE 5		/* has it one, and which */
#define TEXT_SIZE 32		/* digits of a hash */

static void
add(struct shares_who *who, enum shares_level level, char kind,
    const void *bytes, size_t len)
{
	struct shares_key *key = &who->keys[who->count++];
	unsigned long uid = (unsigned long)who->uid;
	size_t i;

	memset(key, 0, sizeof(*key));
	key->level = level;
	key->bytes[0] = (unsigned char)kind;
	key->bytes[1] = (unsigned char)who->is_program;
	for (i = UID_SIZE; i > 1 && who->is_program; i--, uid >>= 8)
		key->bytes[i] = (unsigned char)uid;
	memcpy(key->bytes + 1 + UID_SIZE, bytes, len);
	key->len = 1 + UID_SIZE + len;
}

/* Where there is no memory for a hash, its beginning stands for the text. */
static void
add_text(struct shares_who *who, const char *text)
{
	char hex[HASH_HEX_SIZE] = "";

	if (hash_hex(text, strlen(text), hex) == -1)
		(void)snprintf(hex, sizeof(hex), "%s", text);
	add(who, SHARES_LEVEL_ADDRESS, 't', hex, TEXT_SIZE);
}

static void
add_address(struct shares_who *who, const char *text)
{
	unsigned char bytes[ADDRESS_SIZE];

	switch (address_read(text, bytes)) {
	case ADDRESS_IPV4:
		add(who, SHARES_LEVEL_ADDRESS, '4', bytes, 4);
		break;
	case ADDRESS_IPV6:
		add(who, SHARES_LEVEL_48, 'w', bytes, 6);
		add(who, SHARES_LEVEL_56, 'm', bytes, 7);
		add(who, SHARES_LEVEL_ADDRESS, '6', bytes, 8);
		break;
	case ADDRESS_NONE:
	default:
		add_text(who, text != NULL ? text : "");
		break;
	}
}

void
shares_who_client(struct shares_who *who, const char *address)
{
	memset(who, 0, sizeof(*who));
	add_address(who, address);
}

void
shares_who_program(struct shares_who *who, long uid, const char *address)
{
	memset(who, 0, sizeof(*who));
	who->is_program = 1;
	who->uid = uid;
	add(who, SHARES_LEVEL_UID, 'u', "", 0);
	add_address(who, address);
}
