/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One rocket as the table holds it, and what may be read of it.
 *
 * Locking: none; the caller holds the lock of the entry's stripe, at least
 * for reading. Only the id needs none.
 */
#ifndef LUNAR_TABLE_ENTRY_H
#define LUNAR_TABLE_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "names.h"
#include "rocket.h"
#include "table_types.h"

struct table_entry {
    struct rocket rocket;
    const unsigned char *id; /* a length byte, then the bytes; never changes */
    uint64_t revision;       /* of the latest change */
};

void table_entry_view(const struct table_entry *entry,
                      struct rocket_view *view);

/* The filter's names as the names of one stripe. */
struct table_entry_filter {
    enum table_status status;
    const struct name *type, *mission; /* NULL: any */
};

/* False if no rocket with these names can match, for want of the name. */
bool table_entry_filter_init(struct table_entry_filter *result,
                             const struct table_filter *filter,
                             const struct names *names);

bool table_entry_matches(const struct table_entry *entry,
                         const struct table_entry_filter *filter);

/*
 * The value of `field`. A name is copied to `*names`, which moves on by its
 * length, at most MESSAGE_MAX_NAME.
 */
struct table_value table_entry_value(const struct table_entry *entry,
                                     enum table_field field, char **names);

#endif
