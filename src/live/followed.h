/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The single rockets of one reader: it compares their revisions with those that
 * it has, and writes the newer ones itself. They need no list of changes, and
 * need not exist yet.
 *
 * Locking: none; one thread at a time has them, the reader's, or the hub's
 * while the reader waits.
 */
#ifndef LUNAR_LIVE_FOLLOWED_H
#define LUNAR_LIVE_FOLLOWED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"
#include "table/table_types.h"

struct hub_writer;
struct table;

struct followed;

/* NULL if memory is exhausted. Ownership: the texts are copied. */
struct followed *followed_new(const struct text *ids, size_t count);

/* NULL does nothing. */
void followed_free(struct followed *followed);

/* The reader has all changes up to `revision`. */
void followed_set(struct followed *followed, uint64_t revision);

/*
 * Whether there are changes that have not been written. If not, the revision
 * advances to that of the table. Locking: reads rockets.
 */
bool followed_has_news(struct followed *followed, struct table *table);

/*
 * Append one event with all rockets that have changed, if any has. The position
 * before it is the new revision, but not above `told_at_most`. True if there
 * was one. Locking: reads rockets.
 */
bool followed_write(struct followed *followed, struct table *table,
                    const struct hub_writer *writer, uint64_t told_at_most,
                    struct buffer *out);

#endif
