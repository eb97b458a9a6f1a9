/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rocket in the table, and the functions that read it.
 *
 * Locking: none; the caller holds the lock of the entry's stripe, at least
 * for reading. Only the id and the stripe's number need no lock.
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
     * The upper bits are the stripe's number, which never changes. The lower
     * bits are the revision of the latest change, guarded by the stripe's
     * lock. Atomic, so that the number can be read without the lock.
     */
    _Atomic uint64_t stamp;
    struct rocket rocket;
};

/* At ten million changes a second, the revisions last for 57 years. */
enum {
    TABLE_ENTRY_STRIPE_BITS = 10,
    TABLE_ENTRY_REVISION_BITS = 64 - TABLE_ENTRY_STRIPE_BITS,
};

/*
 * Initialise `entry`, except for its rocket.
 * Ownership: `id`, with its length byte, is borrowed as long as the entry.
 */
void table_entry_init(struct table_entry *entry, uint32_t stripe,
                      const unsigned char *id);

/*
 * Relaxed order is enough: the upper bits never change, and the lower bits are
 * only used under the lock.
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

/* The caller holds the stripe's lock for writing. */
static inline void table_entry_set_revision(struct table_entry *entry,
                                            uint64_t revision)
{
    uint64_t stripe = table_entry_stripe(entry);

    atomic_store_explicit(&entry->stamp,
                          stripe << TABLE_ENTRY_REVISION_BITS | revision,
                          memory_order_relaxed);
}

static inline uint64_t table_entry_revision(const struct table_entry *entry)
{
    return table_entry_stamp(entry) &
           ((UINT64_C(1) << TABLE_ENTRY_REVISION_BITS) - 1);
}

/* Copy the rocket to `view`. */
void table_entry_view(const struct table_entry *entry,
                      struct rocket_view *view);

/*
 * The part of a filter that needs the rocket itself, not only its columns. Type
 * and mission are interned strings of one stripe.
 */
struct table_entry_filter {
    const struct interned *type, *mission; /* NULL: any */
    struct text id_prefix;                 /* absent: any */
};

/*
 * Find the filter's type and mission among `strings`, those of a stripe. False
 * if one is not there, so that no rocket of the stripe matches.
 * Ownership: the strings are borrowed while the stripe's lock is held, and the
 * prefix of the id from `filter`.
 */
bool table_entry_filter_init(struct table_entry_filter *result,
                             const struct table_filter *filter,
                             const struct interned_set *strings);

/* Whether the filter selects every rocket. */
bool table_entry_filter_is_empty(const struct table_entry_filter *filter);

bool table_entry_matches(const struct table_entry *entry,
                         const struct table_entry_filter *filter);

/* The signed integer in a value's `major`: a speed, or seconds. */
int64_t table_entry_integer(const struct table_value *value);

/* The string of a field whose values are strings; NULL if it is unknown. */
const struct interned *table_entry_string(const struct table_entry *entry,
                                          enum table_field field);

/* The value of a field whose values are not strings. */
struct table_value table_entry_value(const struct table_entry *entry,
                                     enum table_field field);

#endif
