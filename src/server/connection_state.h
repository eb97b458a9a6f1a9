/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's `state`, for connection.c and connection_limits.c: a phase and
 * the time at which it began are one atomic word, so that a check never sees
 * one without the other. The time is in the higher bits, so that states of one
 * phase sort by age.
 */
#ifndef LUNAR_SERVER_CONNECTION_STATE_H
#define LUNAR_SERVER_CONNECTION_STATE_H

#include <stdint.h>

#include "connection.h"

enum { CONNECTION_PHASE_BITS = 2 };

/* `since`: as connection_clock(). */
static inline uint64_t connection_state(enum connection_phase phase,
                                        uint64_t since)
{
    return since << CONNECTION_PHASE_BITS | phase;
}

static inline uint64_t connection_since(uint64_t state)
{
    return state >> CONNECTION_PHASE_BITS;
}

/* Milliseconds; 0 if the clock was read before `since` was set. */
static inline uint64_t connection_elapsed(uint64_t since, uint64_t now)
{
    return now > since ? (now - since) / 1000 : 0;
}

#endif
