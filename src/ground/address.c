/* An IP address of a text. */
#include "config.h"

#include "ground/address.h"

#include <arpa/inet.h>
#include <string.h>

#define IPV4_SIZE 4
#define PREFIX_SIZE (ADDRESS_SIZE - IPV4_SIZE)

/* Behind one of these prefixes stands an IPv4 address. */
static int
holds_ipv4(const unsigned char bytes[ADDRESS_SIZE])
{
	static const unsigned char prefixes[][PREFIX_SIZE] = {
		{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff },
		{ 0, 0x64, 0xff, 0x9b }
	};
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (memcmp(bytes, prefixes[i], PREFIX_SIZE) == 0)
			return 1;
	return 0;
}

enum address_kind
address_read(const char *text, unsigned char bytes[ADDRESS_SIZE])
{
	memset(bytes, 0, ADDRESS_SIZE);
	if (text == NULL)
		return ADDRESS_NONE;
	if (inet_pton(AF_INET, text, bytes) == 1)
		return ADDRESS_IPV4;
	if (inet_pton(AF_INET6, text, bytes) != 1) {
		memset(bytes, 0, ADDRESS_SIZE);
		return ADDRESS_NONE;
	}
	if (!holds_ipv4(bytes))
		return ADDRESS_IPV6;
	memmove(bytes, bytes + PREFIX_SIZE, IPV4_SIZE);
	memset(bytes + IPV4_SIZE, 0, ADDRESS_SIZE - IPV4_SIZE);
	return ADDRESS_IPV4;
}
