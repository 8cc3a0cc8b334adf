#ifndef GATE_LOGIN_H_
#define GATE_LOGIN_H_

#include "gate/gate_private.h"

/* What a login was granted on, for the question after it, which may ask
 * nobody. */

/* A login is granted: what its session's row says by now is kept. */
void gate_login_keep(struct gate *gate, const struct gate_task *task,
    const struct moment *now);

/* By what its login was granted on, and by the row as it was loaded, if there
 * is one. */
enum gate_stage gate_login_judge(struct gate *gate, struct gate_task *task,
    const struct moment *now);

#endif /* !GATE_LOGIN_H_ */
