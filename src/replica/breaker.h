/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether messages are taken. If the brokers do not acknowledge what was
 * produced, later messages would only wait for their time-out, so they are
 * refused at once: the breaker is open. Meanwhile probes are produced, one at a
 * time. Any acknowledgement closes it.
 *
 * It knows times and events only, and produces nothing by itself.
 *
 * Locking: breaker_is_open() and breaker_limit_hit() from any thread, all else
 * from the journal's thread. Times are milliseconds of a monotonic clock.
 */
#ifndef LUNAR_REPLICA_BREAKER_H
#define LUNAR_REPLICA_BREAKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct breaker {
    /* Set at start, then read-only. */
    uint64_t silent_ms; /* it opens if nothing was acknowledged for so long */
    uint64_t probe_after_ms; /* from a probe that failed to the next */
    /* Any thread. */
    _Atomic bool open;
    _Atomic bool limit_hit; /* since the last acknowledgement */
    /* Owned by the journal's thread. */
    bool probing;             /* a probe is not answered yet */
    uint64_t acknowledged_ms; /* the last acknowledgement, or nothing waited */
    uint64_t probe_ms;        /* not before this: the next probe */
};

/* `probe_ms`: from a probe that failed to the next. For `silent_ms`: above. */
void breaker_init(struct breaker *breaker, uint64_t silent_ms,
                  uint64_t probe_ms);

/* From now on it looks at the time. */
void breaker_start(struct breaker *breaker, uint64_t now);

bool breaker_is_open(const struct breaker *breaker);

/* A message was refused, as too much waits. */
void breaker_limit_hit(struct breaker *breaker);

/* A message of ours, or a probe, was acknowledged. True if this closed it. */
bool breaker_acknowledge(struct breaker *breaker, uint64_t now);

/*
 * Look at the time. If no messages are `outstanding`, nothing is to be
 * acknowledged. Open it, if nothing was, and either the limit is hit or a
 * message was `unanswered` for REPLICA_ANSWER_MS just now. True if this opened
 * it.
 */
bool breaker_look(struct breaker *breaker, uint64_t now, bool outstanding,
                  bool unanswered);

/*
 * What was refused shows that nothing of ours is written: open it. True if this
 * opened it.
 */
bool breaker_refuse(struct breaker *breaker, uint64_t now);

/*
 * Whether a probe is due, which is to be produced then. Not while messages are
 * `outstanding`: they are as good.
 */
bool breaker_take_probe(struct breaker *breaker, uint64_t now,
                        bool outstanding);

/* The probe has its report, or could not be produced. */
void breaker_probe_ended(struct breaker *breaker, uint64_t now);

#endif
