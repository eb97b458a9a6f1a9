/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An update: the events of one tick for all readers of one interval, written
 * once. A reader takes those parts of the bytes that it has selected, and puts
 * a position of its own before the last event of these: so a cut between two
 * events of an update loses nothing.
 */
#ifndef LUNAR_LIVE_UPDATES_H
#define LUNAR_LIVE_UPDATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "live/hub.h"
#include "pending.h"

enum { UPDATE_PARTS = HUB_SUMMARY /* kinds of events that are in updates */ };

/* Where the events of one kind are in the bytes; `begin` == `end`: none are. */
struct update_part {
    size_t begin, last /* begin of the last event */, end;
    uint64_t events;
};

struct update {
    /* Set by update_new(), then read-only. */
    uint64_t to; /* who has it has all changes up to here */
    size_t size; /* bytes of memory */
    struct update_part parts[UPDATE_PARTS];
    struct buffer bytes;
    /* Guarded by the hub's mutex. */
    unsigned refs;
    bool kept; /* by its class */
    struct update *next_garbage;
};

/*
 * Write what is pending. NULL if it would be longer than HUB_KEPT, if rockets
 * were lost, or memory is exhausted.
 * Ownership: one reference is the caller's. Locking: reads rockets.
 */
struct update *update_new(const struct hub_options *options,
                          struct pending *pending, uint64_t to);

/* The last reference has gone. NULL does nothing. */
void update_free(struct update *update);

/* Whether it has any of `events`, bits of enum hub_event. */
bool update_has(const struct update *update, unsigned events);

/* One reader's way through an update. */
struct update_reading {
    struct update *update; /* NULL: none */
    size_t at;             /* bytes that it has passed */
};

/* Where a reader's bytes go: until there are `size` of them, or little more. */
struct update_out {
    const struct hub_writer *writer;
    struct buffer *buffer;
    size_t size;
};

/*
 * Append the next bytes of `events`, and the position `told` where it belongs.
 * True if these were the last.
 */
bool update_read(struct update_reading *reading, unsigned events, uint64_t told,
                 const struct update_out *out);

#endif
