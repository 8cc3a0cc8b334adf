#ifndef DATABASE_NETWORK_H_
#define DATABASE_NETWORK_H_

/* Threads: no state, any thread. */

/* 1 for NFS, CIFS, FUSE and other file systems without safe locks, and for a
 * directory that cannot be looked at. */
int database_network(const char *directory);

#endif /* !DATABASE_NETWORK_H_ */
