/* An IP address of a text. */
#include "config.h"

#include "ground/address.h"

#include <arpa/inet.h>
#include <string.h>

#define IPV4_SIZE 4

enum address_kind
address_read(const char *text, unsigned char bytes[ADDRESS_SIZE])
{
	static const unsigned char mapped[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    0xff, 0xff };

	memset(bytes, 0, ADDRESS_SIZE);
	if (text == NULL)
		return ADDRESS_NONE;
	if (inet_pton(AF_INET, text, bytes) == 1)
		return ADDRESS_IPV4;
	if (inet_pton(AF_INET6, text, bytes) != 1) {
		memset(bytes, 0, ADDRESS_SIZE);
		return ADDRESS_NONE;
	}
	if (memcmp(bytes, mapped, sizeof(mapped)) != 0)
		return ADDRESS_IPV6;
	memmove(bytes, bytes + sizeof(mapped), IPV4_SIZE);
	memset(bytes + IPV4_SIZE, 0, ADDRESS_SIZE - IPV4_SIZE);
	return ADDRESS_IPV4;
}
