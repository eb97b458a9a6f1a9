/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain data that the table takes and returns: views of rockets, and the
 * fields, values, bounds and filters of scans.
 */
#ifndef LUNAR_TABLE_TABLE_TYPES_H
#define LUNAR_TABLE_TABLE_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "domain/message.h"
#include "format/timestamp.h"

/* A rocket in the table. The other rooms see only its address and its id. */
struct table_entry;

/* The id of the entry's rocket, valid until table_free(). Locking: none. */
struct text table_entry_id(const struct table_entry *entry);

/* A copy of one rocket. A text that is absent is unknown. */
struct rocket_view {
    struct text id; /* borrowed from the table until table_free() */
    struct text type, mission, reason; /* point into `strings` */
    int64_t speed;
    struct timestamp created, updated;
    uint64_t last_number;
    uint64_t missing;
    uint64_t revision; /* of the latest change to this rocket */
    /*
     * Flags come last, so that there is no padding before `strings`: tests
     * compare its offset to notice a new member.
     */
    bool exploded;
    bool launched; /* if so, `created` is set */
    char strings[3 * MESSAGE_MAX_NAME];
};

/* Counts of rockets. */
struct table_summary {
    uint64_t rockets;
    uint64_t exploded;   /* the others are active */
    uint64_t unlaunched; /* no launch has arrived */
    uint64_t incomplete; /* messages are missing */
    uint64_t missing;    /* messages of all of them, modulo 2^64 */
    uint64_t given_up;   /* of these, those no longer waited for */
};

/*
 * The fields that rockets can be sorted by. A new field goes before the count.
 * Each `switch` over fields lists all of them and has no `default`, so that
 * the compiler and the tests report every place that lacks the new field.
 */
enum table_field {
    TABLE_ID,
    TABLE_TYPE,
    TABLE_SPEED,
    TABLE_MISSION,
    TABLE_STATUS, /* active before exploded */
    TABLE_CREATED,
    TABLE_UPDATED,
    TABLE_LAST_NUMBER,
    TABLE_FIELD_COUNT, /* the number of fields, not a field */
};

/* Whether the values of the field are strings, not numbers. */
static inline bool table_field_is_string(enum table_field field)
{
    switch (field) {
    case TABLE_TYPE:
    case TABLE_MISSION:
        return true;
    case TABLE_ID:
    case TABLE_SPEED:
    case TABLE_STATUS:
    case TABLE_CREATED:
    case TABLE_UPDATED:
    case TABLE_LAST_NUMBER:
    case TABLE_FIELD_COUNT:
        break;
    }
    return false;
}

/*
 * A value of a field. Strings compare by their bytes, numbers and times by
 * `major`, then `minor`. The value of TABLE_ID is known and zero for every
 * rocket, since rockets with equal values are in the order of their ids.
 */
struct table_value {
    bool known; /* if not, the rest is zero */
    uint64_t major;
    uint32_t minor;
    struct text string;
};

/*
 * A bound in the order of a list: a value and, among equal values, an id. If
 * it is not set, there is no bound on its side.
 * Ownership: its texts are borrowed.
 */
struct table_bound {
    bool set;
    struct table_value value;
    struct text id;
};

enum table_status { TABLE_ANY_STATUS, TABLE_ACTIVE, TABLE_EXPLODED };

/* Whether the launch of a rocket has arrived. */
enum table_launch { TABLE_ANY_LAUNCH, TABLE_LAUNCHED, TABLE_NOT_LAUNCHED };

/* Whether messages of a rocket are missing. */
enum table_completeness {
    TABLE_ANY_COMPLETENESS,
    TABLE_INCOMPLETE,
    TABLE_COMPLETE,
};

/*
 * Which rockets to list. A text that is absent matches all rockets.
 * Ownership: its texts are borrowed.
 */
struct table_filter {
    enum table_status status;
    enum table_launch launch;
    enum table_completeness completeness;
    struct text type, mission;
    struct text id_prefix; /* the first bytes of the id; no NUL among them */
};

#endif
