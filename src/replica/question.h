/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waits of the start that can be interrupted. Many calls of librdkafka block,
 * and cannot be ended. So each runs on a thread of its own for a moment, with a
 * short time-out, while the caller reports to the watch.
 */
#ifndef LUNAR_REPLICA_QUESTION_H
#define LUNAR_REPLICA_QUESTION_H

#include <stdbool.h>

#include <librdkafka/rdkafka.h>

#include "prepare.h"

enum { QUESTION_MS = 1000 /* the time-out of one call of librdkafka */ };

/* How long something was waited for. */
struct patience {
    /* Set at start. Borrowed. */
    const struct prepare_topic *topic;
    const struct journal_watch *watch; /* may be NULL */
    struct journal_progress progress;
    /* Private. */
    uint64_t logged; /* milliseconds: the last line, or the start */
};

void patience_init(struct patience *patience, const struct prepare_topic *topic,
                   const struct journal_watch *watch);

/* Something was reached: the time until the next line counts from here. */
void patience_renew(struct patience *patience);

/*
 * Report to the watch, and serve the clients; log what is awaited, `what`, if
 * it is time. False if the watch ends the wait. To be called each
 * PREPARE_REPORT_MS.
 */
bool patience_continue(struct patience *patience, const char *what);

/* Let `ms` milliseconds pass. False if the watch ends the wait. */
bool patience_pause(struct patience *patience, const char *what, unsigned ms);

/*
 * Have `ask` called with `context` on another thread, and wait for its end.
 * Sets the error that it returns; RD_KAFKA_RESP_ERR__FAIL if there is no
 * thread. False if the watch ends the wait.
 */
bool question_ask(struct patience *patience, const char *what,
                  rd_kafka_resp_err_t (*ask)(void *context), void *context,
                  rd_kafka_resp_err_t *error);

#endif
