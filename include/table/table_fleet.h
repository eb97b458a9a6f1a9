/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table as a whole, counted: how many rockets have each type, mission and
 * speed. All of it is counted when it is asked for; only how many rockets have
 * an interned string is kept with the string.
 *
 * Locking: each function says so; none holds a lock when it returns.
 */
#ifndef LUNAR_TABLE_TABLE_FLEET_H
#define LUNAR_TABLE_TABLE_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "domain/message.h"
#include "table/table_types.h"

struct table;

enum {
    TABLE_TOP = 100,         /* names that are counted one by one */
    TABLE_SPEED_BOUNDS = 74, /* of the histogram */
};

/*
 * The bounds of the histogram of speeds, rising: 0, 100, 125, 160, 200, 250,
 * 315, 400, 500, 630, 800, 1000 and so on, ten for each power of ten (ISO 3,
 * R10, which are steps of about 26 %), up to 10^9, and two more powers of ten.
 * Bucket 0 has what is below the first bound; bucket i what is below bound i
 * and not below bound i - 1; the last one the rest.
 */
extern const int64_t table_speed_bounds[TABLE_SPEED_BOUNDS];

struct table_speeds {
    uint64_t rockets[TABLE_SPEED_BOUNDS + 1];
};

/*
 * Count the rockets by speed.
 * Locking: read-locks each stripe that is not empty, for at most 1,024 rockets
 * at a time: about ten microseconds, and ten milliseconds for a million
 * rockets.
 */
void table_count_speeds(struct table *table, struct table_speeds *speeds);

/* Rockets by a name: type or mission. */
struct table_names {
    size_t count; /* of the names that most rockets have, most first; equal
                     numbers in the order of the names' bytes */
    struct table_name {
        struct text name; /* in `bytes` */
        uint64_t rockets;
    } names[TABLE_TOP];
    uint64_t other_names;   /* how many there are beside these ... */
    uint64_t other_rockets; /* ... and how many rockets have them */
    uint64_t unknown;       /* rockets without a name */
    char bytes[TABLE_TOP * MESSAGE_MAX_NAME];
};

/*
 * Count the rockets by `field`, TABLE_TYPE or TABLE_MISSION. Exact while
 * nothing changes; else the numbers of a stripe are those of one moment if it
 * has at most 256 strings, and a name that is new in a stripe with more, or has
 * just gone, may be missed there.
 * False, with `*names` undefined, if memory is exhausted. Meanwhile it takes
 * about 30 bytes for each distinct name, 64 at most, beside the table's limit.
 * Ownership: `*names` must not be copied, as its texts point into it.
 * Locking: read-locks one stripe at a time, for at most 256 of its strings:
 * some tens of microseconds.
 */
bool table_count_names(struct table *table, enum table_field field,
                       struct table_names *names);

#endif
