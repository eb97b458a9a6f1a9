/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaves the processor and the disk to others: who has much to do in the
 * background does it in small pieces, and rests between them. Else requests
 * wait for a processor until the scheduler interrupts the work, which takes
 * milliseconds, and commits of the journal wait for the disk.
 *
 * Locking: none. It belongs to one thread.
 */
#ifndef LUNAR_STORE_THROTTLE_H
#define LUNAR_STORE_THROTTLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    /* Of work before a rest: about as long as a commit takes. */
    THROTTLE_WORK_US = 100,
    /*
     * A rest takes this part of the time of the work before it, so the whole
     * takes one and a half times as long: a snapshot of a million rockets stays
     * below half a second.
     */
    THROTTLE_SHARE = 2,
    /* Of a rest. This bounds the delay of a stop, also with a slow disk. */
    THROTTLE_MAX_US = 50 * 1000,
};

struct throttle {
    const _Atomic bool *stop; /* no more rests once it is true; or NULL: none */
    uint64_t begin;           /* microseconds: when the work began */
};

/* Begin to work. */
void throttle_begin(struct throttle *throttle, const _Atomic bool *stop);

/* Rest, if the work since the last rest took long enough. */
void throttle_rest(struct throttle *throttle);

#endif
