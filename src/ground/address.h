#ifndef ADDRESS_H_
#define ADDRESS_H_

#define ADDRESS_SIZE 16		/* bytes */

enum address_kind {
	ADDRESS_NONE = 0,	/* the text is no IP address */
	ADDRESS_IPV4,
	ADDRESS_IPV6
};

/*
 * The bytes of an address, in network order: 4 of IPv4, also where it is
 * mapped into IPv6 (RFC 4291 2.5.5.2) or translated by a NAT64 of the
 * well-known prefix (RFC 6052 2.1), 16 of IPv6.  What is behind them is 0.
 * `text` may be NULL.
 * No state: any thread.
 */
enum address_kind address_read(const char *text,
    unsigned char bytes[ADDRESS_SIZE]);

#endif /* !ADDRESS_H_ */
