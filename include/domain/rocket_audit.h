/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether what was stored of a rocket is a state that messages can have made.
 * It is told the runs one by one, lowest first, and needs no memory for them.
 *
 * Locking: none.
 */
#ifndef LUNAR_DOMAIN_ROCKET_AUDIT_H
#define LUNAR_DOMAIN_ROCKET_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

/* What an effect consists of. */
struct effect_parts {
    bool type, mission, reason;
    int64_t speed;
};

/*
 * The fewest messages that have such an effect together; UINT64_MAX if none
 * have. More messages can have it, too, since a speed may change by 0.
 */
uint64_t effect_parts_messages(const struct effect_parts *parts);

struct rocket_audit {
    /* Of the runs so far. */
    uint32_t runs;
    uint64_t last;    /* the highest number */
    uint64_t numbers; /* in all of them */
    /* Private. */
    uint64_t floor;
    uint64_t given_up; /* how many numbers may have been, at most */
    uint64_t apart;    /* numbers above the floor that may have been runs */
    bool has_floor;    /* in a run */
    bool wrong;
};

/* `floor` is that of the rocket. */
void rocket_audit_init(struct rocket_audit *audit, uint64_t floor);

/*
 * The next run is `first` to `last`, any numbers, with such an effect. False if
 * it, or one before, cannot be a rocket's.
 */
bool rocket_audit_run(struct rocket_audit *audit, uint64_t first, uint64_t last,
                      const struct effect_parts *effect);

/*
 * The end. Of the numbers in the runs `given_up` were not applied. False if
 * these runs, this floor and this number cannot be a rocket's.
 */
bool rocket_audit_end(const struct rocket_audit *audit, uint64_t given_up);

#endif
