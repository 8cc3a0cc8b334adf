#ifndef FCGI_SERVER_WORKER_H_
#define FCGI_SERVER_WORKER_H_

/*
 * A thread that accepts and serves until the server quits; `argument` is its
 * struct server_thread.
 * Threads: it is one, for pthread_create().
 */
void *server_worker_main(void *argument);

#endif /* !FCGI_SERVER_WORKER_H_ */
