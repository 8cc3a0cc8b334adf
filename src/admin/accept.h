#ifndef ACCEPT_H_
#define ACCEPT_H_

/* The arguments behind "accept"; the exit status, 2 for usage. */
int accept_main(int argc, char **argv);

#endif /* !ACCEPT_H_ */
