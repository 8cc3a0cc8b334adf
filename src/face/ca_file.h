#ifndef CA_FILE_H_
#define CA_FILE_H_

#include "ground/error.h"

/*
 * The settings' ca_file: 0 if this process can read certificates from it, or
 * -1 and "ca_file PATH: what is wrong".  No state: any thread.
 */
int ca_file_check(const char *path, struct error *error);

#endif /* !CA_FILE_H_ */
