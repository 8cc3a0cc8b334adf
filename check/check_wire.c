#include "config.h"

#include "check/check_wire.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "face/answer.h"
#include "face/record.h"

/* Bytes of the question as it comes. */
struct input {
	unsigned char bytes[RECORD_REQUEST_MAX];
	unsigned char params[RECORD_PARAMS_MAX];
	size_t len;
};

static enum record_answer
receive(int fd, struct input *input, struct record_request *request)
{
	enum record_answer answer = RECORD_SHORT;
	ssize_t n;

	while (answer == RECORD_SHORT && input->len < sizeof(input->bytes)) {
		n = recv(fd, input->bytes + input->len,
		    sizeof(input->bytes) - input->len, 0);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return RECORD_BAD;
		input->len += (size_t)n;
		answer = record_check(input->bytes, input->len, request,
		    input->params);
	}
	return answer;
}

static int
take_params(struct check_wire *wire, const struct input *input,
    const struct record_request *request)
{
	size_t at = 0, count = 0;
	char *param;

	while ((param = record_next_param(input->params, request->params_len,
	    &at, wire->text, &wire->len)) != NULL) {
		if (count == CHECK_WIRE_PARAMS)
			return -1;
		wire->params[count++] = param;
	}
	wire->params[count] = NULL;
	return 0;
}

int
check_wire_read(struct check_wire *wire, int fd, struct error *error)
{
	struct input *input = calloc(1, sizeof(*input));
	struct record_request request;
	int ret = -1;

	memset(wire, 0, sizeof(*wire));
	request.params_len = 0;
	wire->text = malloc(RECORD_PARAMS_MAX);
	if (input == NULL || wire->text == NULL)
		error_set(error, "out of memory");
	else if (receive(fd, input, &request) != RECORD_COMPLETE ||
	    request.role != RECORD_AUTHORIZER || request.is_odd ||
	    take_params(wire, input, &request) == -1)
		error_set(error, "what asks is not pam_authgear.so");
	else
		ret = 0;
	if (input != NULL) {
		explicit_bzero(input->bytes, input->len);
		explicit_bzero(input->params, request.params_len);
	}
	free(input);
	return ret;
}

void
check_wire_clear(struct check_wire *wire)
{
	if (wire->text != NULL)
		explicit_bzero(wire->text, wire->len);
	free(wire->text);
	memset(wire, 0, sizeof(*wire));
}

int
check_wire_answer(int fd, const struct reply *reply)
{
	unsigned char bytes[ANSWER_RECORDS_MAX];
	size_t len, done = 0;
	ssize_t n;

	len = answer_compose(reply->text, reply->len, bytes);
	while (done < len) {
		n = send(fd, bytes + done, len - done, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return len > 0 ? 0 : -1;
}
