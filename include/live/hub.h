/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings changes to those who follow the table. Its thread ticks ten times a
 * second while there are readers; else it sleeps. At a tick it collects the
 * rockets that have changed, has their events written once, and hands the same
 * bytes, an update, to all readers who want them. Readers get whole current
 * states, not each change: whoever was away needs only what has changed since.
 *
 * A position is a revision: a reader at position R has seen all changes up to
 * R. Updates join: each says from which position to which it leads. A reader
 * who is slow takes one update after the other as long as they are kept, at
 * most HUB_KEPT bytes of them; who is further behind gets a reset and goes on
 * from now.
 *
 * What events look like is not known here, but to the writer.
 *
 * Locking: all functions are safe from any thread, but those of one reader are
 * called by one thread at a time, except hub_reader_cancel(). The hub's mutex
 * is a leaf; the writer and the wake are called without it.
 */
#ifndef LUNAR_LIVE_HUB_H
#define LUNAR_LIVE_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"
#include "table/table_types.h"

struct hub;
struct metrics;
struct table;
struct workers;

enum {
    HUB_TICK_MS = 100,
    HUB_MIN_INTERVAL_MS = 100,
    HUB_MAX_INTERVAL_MS = 10000,
    HUB_MAX_IDS = 100,         /* single rockets of one reader */
    HUB_EVENT_ROCKETS = 1000,  /* rockets of one event */
    HUB_KEPT = 8 << 20,        /* bytes of updates for slow readers; the newest
                                  of each interval is kept anyway */
    HUB_MEMORY = 64 << 20,     /* those that are still being sent as well */
    HUB_TAKE_MS = 30000,       /* to take an update as a whole */
    HUB_COMMENT_MS = 15000,    /* of silence, before a comment */
    HUB_SUMMARY_MS = 1000,     /* between summaries, or more */
    HUB_CATCH_UP = 10000,      /* changed rockets that a reader who was away
                                  gets; with more it gets a reset */
    HUB_SEND_RATE = 256 << 20, /* bytes a second of updates to all readers of
                                  an interval: with more to send, the interval
                                  gets longer, so that posts go on */
};

/* In the order in which the events of one update are sent. */
enum hub_event {
    HUB_ROCKETS,  /* rockets that have changed */
    HUB_LAUNCHED, /* rockets that were launched */
    HUB_EXPLODED, /* rockets that have exploded */
    HUB_SUMMARY,  /* the fleet as a whole */
    HUB_EVENTS,   /* the number of them, not an event */
};

/*
 * Writes events, each as a whole: begin, the rockets, end. All append to `out`,
 * which may fail (buffer_failed()). Called by the hub's thread and by those of
 * readers, by several at once, never under a lock.
 */
struct hub_writer {
    void *context;
    /* An event of rockets. `more`: how many more rockets it would have had. */
    void (*begin)(struct buffer *out, enum hub_event event);
    void (*rocket)(struct buffer *out, const struct rocket_view *view,
                   bool first);
    void (*end)(struct buffer *out, enum hub_event event, uint64_t more);
    /* The event HUB_SUMMARY. On the hub's thread only. */
    void (*summary)(void *context, struct buffer *out);
    /*
     * What stands before the last event of an update: the reader has all
     * changes up to `revision` then.
     */
    void (*position)(void *context, struct buffer *out, uint64_t revision);
    /*
     * The first event of a reader, which is at `revision`. position() stands
     * before it as well, unless a reset follows: a client that is cut off
     * between the two must not resume as if it had missed nothing.
     */
    void (*hello)(void *context, struct buffer *out, uint64_t revision,
                  unsigned interval_ms);
    /*
     * The reader has missed changes, and gets those after `revision` from now
     * on. It has no position until the next event that says so.
     */
    void (*reset)(void *context, struct buffer *out, uint64_t revision);
    /* Nothing has happened for a while. */
    void (*comment)(struct buffer *out);
};

struct hub_reader;

struct hub_options {
    struct table *table;
    struct workers *workers;
    struct metrics *metrics; /* may be NULL */
    struct hub_writer writer;
    unsigned max_readers; /* and waits, together */
    /*
     * Wake readers whose hub_reader_next() has returned HUB_WAIT: a list linked
     * by hub_reader_next_woken(). Each is called once for each wait, and may
     * be freed by its thread from then on.
     */
    void (*wake)(struct hub_reader *first);
};

/*
 * Start the thread. NULL if memory or threads are exhausted.
 * Ownership: what `options` points to is borrowed until hub_free().
 */
struct hub *hub_start(const struct hub_options *options);

/* No reader may exist any more. NULL does nothing. */
void hub_free(struct hub *hub);

/*
 * The service stops: end all readers, also those who wait, and take no more.
 * Locking: safe from any thread.
 */
void hub_stop(struct hub *hub);

/* Readers and waits now. Locking: none. */
unsigned hub_readers(const struct hub *hub);

/* What a reader wants. */
struct hub_reader_options {
    void *owner;          /* for the wake: hub_reader_owner() */
    unsigned events;      /* 1 << enum hub_event, for each */
    unsigned interval_ms; /* a multiple of HUB_TICK_MS */
    /*
     * It was here before and has all changes up to `position`. Else it gets
     * changes from now on.
     */
    bool resumes;
    /* What it has is of another history of the state: it gets a reset. */
    bool estranged;
    uint64_t position;
    /*
     * The rockets of HUB_ROCKETS, 1 to HUB_MAX_IDS, which need not exist yet;
     * with 0, all rockets. The other events are always of all.
     */
    const struct text *ids;
    size_t id_count;
};

enum hub_added { HUB_ADDED, HUB_TOO_MANY, HUB_STOPPING, HUB_NO_MEMORY };

/*
 * Add a reader, `*reader`, who reads with hub_reader_next(): first hello, which
 * it may have to wait for until the hub's thread has let it join, at once; then
 * what has changed. States of rockets may come again after it has resumed, and
 * so may launches and explosions; those of the time in which it was away are
 * lost if their update is not kept any more. A reader of nothing but these gets
 * a reset then.
 * Ownership: `options` is copied, with the ids. The caller calls
 * hub_reader_free().
 */
enum hub_added hub_add_reader(struct hub *hub,
                              const struct hub_reader_options *options,
                              struct hub_reader **reader);

/* Not while it waits. NULL does nothing. */
void hub_reader_free(struct hub_reader *reader);

void *hub_reader_owner(const struct hub_reader *reader);
struct hub_reader *hub_reader_next_woken(const struct hub_reader *reader);

enum hub_flow {
    HUB_MORE, /* something was appended */
    HUB_WAIT, /* there is nothing yet: the reader will be woken, once */
    HUB_END,  /* the hub stops */
    HUB_LOST, /* the reader was too slow, or memory is exhausted */
};

/*
 * Append what comes next for the reader to `out`, about `size` bytes.
 * `may_wait`: else there is HUB_END where it would wait.
 */
enum hub_flow hub_reader_next(struct hub_reader *reader, struct buffer *out,
                              size_t size, bool may_wait);

/* If the reader waits, or once it does: wake it soon; it then gets HUB_END. */
void hub_reader_cancel(struct hub_reader *reader);

/*
 * A wait for any change after `after`, about `ms` milliseconds at most: it ends
 * at a tick. It counts as a reader from hub_add_wait() to its wake. Embedded in
 * a larger struct.
 */
struct hub_wait {
    uint64_t after;
    unsigned ms;
    void (*wake)(struct hub_wait *wait); /* once; no lock is held */
    /* Private. */
    struct hub_wait *next, *previous;
    uint64_t deadline;
    bool waits;
};

/*
 * Take a place for a wait, which hub_wait_start() or hub_wait_free() must
 * follow: so it is known before the response is deferred.
 */
enum hub_added hub_add_wait(struct hub *hub);

/* Begin it. `wait->wake` may be called before this returns. */
void hub_wait_start(struct hub *hub, struct hub_wait *wait);

/* Wake it soon, if it still waits. */
void hub_wait_cancel(struct hub *hub, struct hub_wait *wait);

/* Give the place back: after the wake, or instead of hub_wait_start(). */
void hub_wait_free(struct hub *hub);

#endif
