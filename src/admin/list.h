#ifndef LIST_H_
#define LIST_H_

/* The arguments behind "list"; the exit status, 2 for usage. */
int list_main(int argc, char **argv);

#endif /* !LIST_H_ */
