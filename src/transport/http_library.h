#ifndef HTTP_LIBRARY_H_
#define HTTP_LIBRARY_H_

/* libcurl as a whole.  Threads: the first, before others start.  0 or -1. */
int http_library_init(void);
void http_library_end(void);

/* How often it was refused memory so far.  Any thread. */
unsigned long http_library_failures(void);

#endif /* !HTTP_LIBRARY_H_ */
