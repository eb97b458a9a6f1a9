/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of a fleet of rockets, for load generators: number 1, the
 * launch, of all rockets, then number 2 of all, and so on; each one another
 * message. Rockets are named as in messages.lua, so that one program can
 * launch rockets that the other flies on.
 */
#ifndef LUNAR_BENCH_FLEET_H
#define LUNAR_BENCH_FLEET_H

#include <stddef.h>
#include <stdint.h>

enum { FLEET_MAX_MESSAGE = 384 }; /* bytes */

struct fleet {
    uint32_t round;   /* part of each rocket's name: another one, others */
    uint64_t rockets; /* in all shares */

    /* Senders share a fleet: this one has rockets first, first + step ... */
    uint64_t first, step; /* from 1 */

    uint64_t number; /* of the next message, */
    uint64_t rocket; /* which is this one's */
};

/*
 * Share `share`, from 0, of `shares` of a fleet, of which each rocket's next
 * message is `number`.
 */
struct fleet fleet_share(uint32_t round, uint64_t rockets, uint64_t number,
                         uint64_t share, uint64_t shares);

/*
 * Write the next message, without a NUL, to `out`, which has room for
 * FLEET_MAX_MESSAGE bytes. Returns its length.
 */
size_t fleet_next(struct fleet *fleet, char *out);

#endif
