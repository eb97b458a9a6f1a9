/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of a fleet of rockets, for load generators: number 1, the
 * launch, of each rocket, then number 2 of each rocket, and so on. All
 * messages are distinct. Rockets have the same ids as in messages.lua, so
 * that one program can continue rockets that the other launched.
 */
#ifndef LUNAR_BENCH_FLEET_H
#define LUNAR_BENCH_FLEET_H

#include <stddef.h>
#include <stdint.h>

enum { FLEET_MAX_MESSAGE = 384 }; /* bytes */

struct fleet {
    uint32_t round;   /* part of each id; another round, other rockets */
    uint64_t rockets; /* in all shares together, counted from 1 */

    /* This share has the rockets `first`, `first` + `step`, and so on. */
    uint64_t first, step;

    /* The next message. */
    uint64_t number;
    uint64_t rocket;
};

/*
 * Share number `share`, from 0 to `shares` - 1, of a fleet. Each rocket's
 * next message has the number `number`.
 */
struct fleet fleet_share(uint32_t round, uint64_t rockets, uint64_t number,
                         uint64_t share, uint64_t shares);

/*
 * Write the next message to `out`, which has space for FLEET_MAX_MESSAGE
 * bytes. Returns its length, without NUL.
 */
size_t fleet_next(struct fleet *fleet, char *out);

#endif
