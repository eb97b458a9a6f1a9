/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes in and out of the table, as plain data: views of rockets, and
 * the values and filters of lists of rockets.
 */
#ifndef LUNAR_TABLE_TABLE_TYPES_H
#define LUNAR_TABLE_TABLE_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "domain/message.h"
#include "format/timestamp.h"

/* One rocket, wherever the table has put it. */
struct table_entry;

/* Its id. Needs no lock, and lives as long as the table. */
struct text table_entry_id(const struct table_entry *entry);

/* One rocket, copied out. Absent texts are unknown. */
struct rocket_view {
    struct text id; /* the table's own, lives as long as the table */
    struct text type, mission, reason; /* point into `names` */
    int64_t speed;
    struct timestamp created, updated;
    uint64_t last_number;
    uint64_t missing;
    uint64_t revision; /* of the latest change to this rocket */
    /*
     * Flags come last, so that there is no padding before `names`: tests
     * compare its offset to notice a new member.
     */
    bool exploded;
    bool launched; /* if so, `created` is set */
    char names[3 * MESSAGE_MAX_NAME];
};

/* The fields that rockets can be sorted by. */
enum table_field {
    TABLE_ID,
    TABLE_TYPE,
    TABLE_SPEED,
    TABLE_MISSION,
    TABLE_STATUS, /* active before exploded */
    TABLE_CREATED,
    TABLE_UPDATED,
    TABLE_LAST_NUMBER,
};

/*
 * The value of such a field. Types and missions compare by `name`, all
 * others by `major`, then `minor`, which keep their order. An id has none
 * of them: it is the entry's.
 */
struct table_value {
    bool known; /* if not, the rest is zero */
    uint64_t major;
    uint32_t minor;
    struct text name;
};

enum table_status { TABLE_ANY_STATUS, TABLE_ACTIVE, TABLE_EXPLODED };

/* Which rockets are wanted. Absent texts match all. */
struct table_filter {
    enum table_status status;
    struct text type, mission;
};

#endif
