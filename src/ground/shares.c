/* What each client address holds. */
#include "config.h"

#include "ground/shares.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "ground/fixed_table.h"

#define SETS 256
#define PLACES 8

struct shares {
	int all;
	struct fixed_table *held;	/* int, at least 1, by address */
};

struct shares *
shares_new(void)
{
	struct shares *shares = calloc(1, sizeof(*shares));

	if (shares == NULL)
		return NULL;
	shares->held = fixed_table_new(SETS, PLACES, SHARES_ADDRESS,
	    sizeof(int));
	if (shares->held != NULL)
		return shares;
	shares_free(shares);
	return NULL;
}

void
shares_free(struct shares *shares)
{
	if (shares == NULL)
		return;
	fixed_table_free(shares->held);
	free(shares);
}

static void
read_address(const char *text, unsigned char bytes[SHARES_ADDRESS])
{
	static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    0xff, 0xff };

	if (inet_pton(AF_INET, text, bytes + 12) == 1)
		memcpy(bytes, mapped, sizeof(mapped));
	else if (inet_pton(AF_INET6, text, bytes) != 1)
		memset(bytes, 0, SHARES_ADDRESS);
	else if (memcmp(bytes, mapped, sizeof(mapped)) != 0)
		memset(bytes + 8, 0, 8);
}

/* Where the bytes of its address are 0: in front of IPv4, else behind. */
static void
put_uid(unsigned long uid, unsigned char bytes[SHARES_ADDRESS])
{
	unsigned char *at = bytes[10] == 0xff ? bytes : bytes + 12;
	int i;

	/* one more, so that root is not nobody */
	for (uid++, i = 3; i >= 0; i--, uid >>= 8)
		at[i] = (unsigned char)uid;
}

void
shares_address(const char *text, unsigned char bytes[SHARES_ADDRESS])
{
	char *slash;
	unsigned long uid;

	memset(bytes, 0, SHARES_ADDRESS);
	if (text == NULL)
		return;
	uid = strtoul(text, &slash, 10);
	if (slash == text || *slash != '/') {
		read_address(text, bytes);
		return;
	}
	read_address(slash + 1, bytes);
	put_uid(uid, bytes);
}

/* NULL: nothing. */
static int *
held_by(const struct shares *shares, const char *text)
{
	unsigned char address[SHARES_ADDRESS];

	shares_address(text, address);
	return fixed_table_find(shares->held, address, sizeof(address));
}

int
shares_take(struct shares *shares, const char *text)
{
	unsigned char address[SHARES_ADDRESS];
	int *held;

	shares_address(text, address);
	held = fixed_table_place(shares->held, address, sizeof(address),
	    NULL, NULL);
	if (held == NULL)
		return 0;
	++*held;
	shares->all++;
	return 1;
}

void
shares_give(struct shares *shares, const char *text)
{
	int *held = held_by(shares, text);

	if (held == NULL)
		return;
	shares->all--;
	if (--*held == 0)
		fixed_table_drop(shares->held, held);
}

int
shares_of(const struct shares *shares, const char *text)
{
	const int *held = held_by(shares, text);

	return held != NULL ? *held : 0;
}

int
shares_all(const struct shares *shares)
{
	return shares->all;
}
