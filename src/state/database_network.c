#include "state/database_network.h"

#include <sys/vfs.h>

#include <stddef.h>

/* statfs(2) f_type of file systems whose locks or mmap we do not trust. */
static const unsigned long networks[] = {
	0x6969UL,	/* nfs */
	0x517bUL,	/* smb */
	0xff534d42UL,	/* cifs */
	0xfe534d42UL,	/* smb2 */
	0x564cUL,	/* ncp */
	0x65735546UL,	/* fuse */
	0x01021997UL,	/* 9p */
	0x5346414fUL,	/* afs */
	0x6b414653UL,	/* kafs */
	0x73757245UL,	/* coda */
	0x00c36400UL,	/* ceph */
	0x01161970UL,	/* gfs2 */
	0x7461636fUL,	/* ocfs2 */
	0x0bd00bd0UL,	/* lustre */
	0x47504653UL,	/* gpfs */
	0x19830326UL,	/* fhgfs */
	0x786f4256UL,	/* vboxsf */
	0xbacbacbcUL	/* vmhgfs */
};

static int
is_network(unsigned long type)
{
	size_t i;

	for (i = 0; i < sizeof(networks) / sizeof(networks[0]); i++)
		if (networks[i] == (type & 0xffffffffUL))
			return 1;
	return 0;
}

int
database_network(const char *directory)
{
	struct statfs fs;

	if (statfs(directory, &fs) == -1)
		return 1;
	return is_network((unsigned long)fs.f_type);
}
