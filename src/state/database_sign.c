#include "state/database_sign.h"

#include <sys/stat.h>

void
database_sign_path(const char *path, struct database_sign *sign)
{
	struct stat st;

	if (lstat(path, &st) == -1)
		return;
	sign->device = st.st_dev;
	sign->inode = st.st_ino;
	sign->mode = st.st_mode;
	sign->owner = st.st_uid;
	sign->group = st.st_gid;
	sign->size = st.st_size;
	sign->modified[0] = st.st_mtim.tv_sec;
	sign->modified[1] = st.st_mtim.tv_nsec;
	sign->changed[0] = st.st_ctim.tv_sec;
	sign->changed[1] = st.st_ctim.tv_nsec;
}

int
database_sign_is_one(const struct database_sign *a,
    const struct database_sign *b)
{
	return a->device == b->device && a->inode == b->inode &&
	    a->mode == b->mode && a->owner == b->owner &&
	    a->group == b->group;
}
