#ifndef DECISION_LOG_H_
#define DECISION_LOG_H_

#include <stddef.h>

#include "gate/gate.h"

/*
 * The one line that a decision is in a log, as text (logfmt: key=value,
 * values quoted when they hold anything but printable non-blank ASCII).
 * Threads: any; no state.
 *
 *   decision=denied reason=expired policy=default kind=jwt user=... client=...
 *   credential=<first 16 hex digits of the hash> request=<id> detail="..."
 *   meaning="<the reason's sentence>"
 *
 * `detail` is there where the case has one, `meaning` in every refusal.  Never
 * any credential text.  `request_id` NULL: none.  Cut at `size`, always ended
 * by NUL.  Bytes that are not printable ASCII are \xHH.
 */
void decision_log_line(const struct decision *decision,
    const char *request_id, char *text, size_t size);

#endif /* !DECISION_LOG_H_ */
