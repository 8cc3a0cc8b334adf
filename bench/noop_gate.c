/*
 * The connection layer with a handler that grants everything: what a request
 * costs before anything is decided.  For benches and tests only.
 */
#include "bench/grant.h"
#include "fcgi/layer/server_request.h"
#include "ground/params.h"
#include "tests/e2e/bare_gate.h"

static enum server_step
serve(void *thread, struct server_request *request)
{
	static const char reply[] = BENCH_GRANT;
	const char *value;

	(void)thread;
	(void)params_find(server_request_params(request),
	    "HTTP_AUTHORIZATION", &value);
	(void)server_request_reply(request, reply, sizeof(reply) - 1);
	return SERVER_ANSWERED;
}

int
main(int argc, char **argv)
{
	static const struct bare_gate gate = { "noop_gate", serve, serve, 0 };

	return bare_gate_run(&gate, argc, argv);
}
