/* What each client address holds. */
#include "config.h"

#include "ground/shares.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define WAYS 8			/* places of one address */
#define SETS 256

struct share {
	unsigned char address[SHARES_ADDRESS];
	int held;		/* 0: free */
};

struct shares {
	int all;
	struct share sets[SETS][WAYS];
};

struct shares *
shares_new(void)
{
	return calloc(1, sizeof(struct shares));
}

void
shares_free(struct shares *shares)
{
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

size_t
shares_set(const unsigned char bytes[SHARES_ADDRESS], size_t sets)
{
	size_t set = 0, i;

	for (i = 0; i < SHARES_ADDRESS; i++)
		set = set * 131 + bytes[i];
	return set % sets;
}

/* Its share; NULL if it holds nothing. */
static const struct share *
find(const struct shares *shares, const unsigned char address[SHARES_ADDRESS])
{
	const struct share *set = shares->sets[shares_set(address, SETS)];
	size_t i;

	for (i = 0; i < WAYS; i++)
		if (set[i].held > 0 && memcmp(set[i].address, address,
		    SHARES_ADDRESS) == 0)
			return &set[i];
	return NULL;
}

int
shares_take(struct shares *shares, const char *text)
{
	unsigned char address[SHARES_ADDRESS];
	struct share *set, *share = NULL;
	size_t i;

	shares_address(text, address);
	set = shares->sets[shares_set(address, SETS)];
	for (i = 0; i < WAYS; i++) {
		if (set[i].held == 0) {
			if (share == NULL)
				share = &set[i];
		} else if (memcmp(set[i].address, address,
		    SHARES_ADDRESS) == 0) {
			share = &set[i];
			break;
		}
	}
	if (share == NULL)
		return 0;
	memcpy(share->address, address, SHARES_ADDRESS);
	share->held++;
	shares->all++;
	return 1;
}

void
shares_give(struct shares *shares, const char *text)
{
	unsigned char address[SHARES_ADDRESS];
	struct share *set;
	size_t i;

	shares_address(text, address);
	set = shares->sets[shares_set(address, SETS)];
	for (i = 0; i < WAYS; i++)
		if (set[i].held > 0 && memcmp(set[i].address, address,
		    SHARES_ADDRESS) == 0) {
			set[i].held--;
			shares->all--;
			return;
		}
}

int
shares_of(const struct shares *shares, const char *text)
{
	unsigned char address[SHARES_ADDRESS];
	const struct share *share;

	shares_address(text, address);
	share = find(shares, address);
	return share != NULL ? share->held : 0;
}

int
shares_all(const struct shares *shares)
{
	return shares->all;
}
