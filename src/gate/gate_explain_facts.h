#ifndef GATE_EXPLAIN_FACTS_H_
#define GATE_EXPLAIN_FACTS_H_

#include "gate/gate_explain.h"
#include "gate/gate_private.h"

/* Of what gate_explain() tells: the claims and the rules, each beside what it
 * was held against. */

/* `ended`: the decision was made by them. */
void gate_explain_facts_claims(const struct gate_task *task, int ended,
    const struct moment *now, const struct gate_explain *to);

/* As far as they were applied. */
void gate_explain_facts_rules(const struct gate_task *task,
    const struct moment *now, const struct gate_explain *to);

/* For both files: say it, as with printf(3). */
void gate_explain_facts_say(const struct gate_explain *to, const char *step,
    enum gate_explain_mark mark, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif /* !GATE_EXPLAIN_FACTS_H_ */
