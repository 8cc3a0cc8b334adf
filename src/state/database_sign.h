#ifndef DATABASE_SIGN_H_
#define DATABASE_SIGN_H_

#include <stdint.h>

/*
 * What a file is: another sign, and it was changed, replaced or handed to
 * somebody else.  All bytes count when two are compared: no padding.
 * No state: any thread.
 */
struct database_sign {
	uint64_t device;
	uint64_t inode;		/* 0: there is none */
	uint64_t mode;
	uint64_t owner;
	uint64_t group;
	int64_t size;
	int64_t modified[2];	/* seconds, nanoseconds */
	int64_t changed[2];
};

/* Of the file of that name, into a zeroed sign; links are not followed. */
void database_sign_path(const char *path, struct database_sign *sign);

/* 1 if both are of one file that belongs to the same user and group. */
int database_sign_is_one(const struct database_sign *a,
    const struct database_sign *b);

#endif /* !DATABASE_SIGN_H_ */
