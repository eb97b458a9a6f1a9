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

enum {
    BREAKER_UNANSWERED_MS = 5000, /* a message waits for so long: open */
    BREAKER_FULL_MS = 1000,  /* too much waits, and nothing was acknowledged */
    BREAKER_PROBE_MS = 1000, /* between a probe that failed and the next */
};

struct breaker {
    _Atomic bool open;
    _Atomic bool limit_hit; /* since the last acknowledgement */
    /* Owned by the journal's thread. */
    bool probing;              /* a probe is not answered yet */
    uint64_t acknowledged_ms;  /* the last acknowledgement */
    uint64_t probe_ms;         /* not before this: the next probe */
};

void breaker_init(struct breaker *breaker, uint64_t now);

bool breaker_is_open(const struct breaker *breaker);

/* A message was refused, as too much waits. */
void breaker_limit_hit(struct breaker *breaker);

/* A message of ours, or a probe, was acknowledged. True if this closed it. */
bool breaker_acknowledge(struct breaker *breaker, uint64_t now);

/*
 * Look at the time. `oldest` is when the oldest message that is not answered
 * was produced; 0 if there is none. True if this opened it.
 */
bool breaker_look(struct breaker *breaker, uint64_t now, uint64_t oldest);

/* Whether a probe is due: then one is to be produced, and is noted. */
bool breaker_take_probe(struct breaker *breaker, uint64_t now,
                        bool outstanding);

/* The probe was given up, or could not be produced. */
void breaker_probe_failed(struct breaker *breaker, uint64_t now);

#endif
