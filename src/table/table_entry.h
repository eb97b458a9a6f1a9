/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One rocket as the table holds it, and what may be read of it.
 *
 * Locking: none; the caller holds the lock of the entry's stripe, at least
 * for reading. Only the id and the stripe's number need none.
 */
#ifndef LUNAR_TABLE_TABLE_ENTRY_H
#define LUNAR_TABLE_TABLE_ENTRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "domain/rocket.h"
#include "interned.h"
#include "table/table_types.h"

/* The id comes first, as it is read first. */
struct table_entry {
    const unsigned char *id; /* a length byte, then the bytes; never changes */
    /*
     * The stripe's number, which never changes, above the revision of the
     * latest change. An atomic, so that the former can be read without the
     * lock that guards the latter.
     */
    _Atomic uint64_t stamp;
    struct rocket rocket;
};

/* Ten million changes a second reach the last revision in 57 years. */
enum {
    TABLE_ENTRY_STRIPE_BITS = 10,
    TABLE_ENTRY_REVISION_BITS = 64 - TABLE_ENTRY_STRIPE_BITS,
};

/* `entry`, all but the rocket, for the first time. */
void table_entry_init(struct table_entry *entry, uint32_t stripe,
                      const unsigned char *id);

/*
 * Relaxed order is enough: the upper bits are always the same, and the lower
 * ones are only looked at under the lock.
 */
static inline uint64_t table_entry_stamp(const struct table_entry *entry)
{
    return atomic_load_explicit(&entry->stamp, memory_order_relaxed);
}

/* Needs no lock. */
static inline uint32_t table_entry_stripe(const struct table_entry *entry)
{
    return (uint32_t)(table_entry_stamp(entry) >> TABLE_ENTRY_REVISION_BITS);
}

static inline void table_entry_set_revision(struct table_entry *entry,
                                            uint64_t revision)
{
    uint64_t stripe = table_entry_stripe(entry);

    atomic_store_explicit(&entry->stamp,
                          stripe << TABLE_ENTRY_REVISION_BITS | revision,
                          memory_order_relaxed);
}

void table_entry_view(const struct table_entry *entry,
                      struct rocket_view *view);

/* The filter's type and mission as interned strings of one stripe. */
struct table_entry_filter {
    const struct interned *type, *mission; /* NULL: any */
};

/* False if no rocket of the stripe matches, as it has no such string. */
bool table_entry_filter_init(struct table_entry_filter *result,
                             const struct table_filter *filter,
                             const struct interned_set *strings);

/* Whether type and mission match. The columns tell the status. */
bool table_entry_matches(const struct table_entry *entry,
                         const struct table_entry_filter *filter);

/* The signed integer of a value's `major`: a speed, or seconds. */
int64_t table_entry_integer(const struct table_value *value);

/* The string of a field whose values are strings; NULL if unknown. */
const struct interned *table_entry_string(const struct table_entry *entry,
                                          enum table_field field);

/* The value of a field whose values are not strings. */
struct table_value table_entry_value(const struct table_entry *entry,
                                     enum table_field field);

#endif
