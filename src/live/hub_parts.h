/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of the hub share. Who does what:
 *
 *     the hub's thread     joins readers to classes, ticks, wakes
 *     a reader's thread    takes updates, and writes what is its own
 *     a worker             walks for readers who were away
 *
 * Only the hub's thread watches and collects, makes classes and removes them,
 * and publishes. So nothing is collected between the moment in which a reader
 * joins a class and the moment from which the class gets collections for it.
 *
 * Positions. A collection has all changes up to its `revision`, which is what
 * readers are told; it may have some that are newer, up to its `latest`, and
 * these do not come again. So a reader who comes with a position may go on with
 * an update only if its position is not below the `latest` of all that was
 * collected before that update. This is the update's `from`.
 */
#ifndef LUNAR_LIVE_HUB_PARTS_H
#define LUNAR_LIVE_HUB_PARTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "hub_metrics.h"
#include "live/hub.h"
#include "pending.h"
#include "table/table_changes.h"
#include "updates.h"

struct catch_up;
struct followed;

enum { HUB_UPDATES = 256 /* kept for the readers of one class */ };

/*
 * What nobody needs any more, by `next_garbage`: it is dropped under the mutex,
 * and freed by hub_free_garbage() once that is unlocked, as it may be large.
 */
struct hub_garbage {
    struct update *updates;
    struct catch_up *catch_ups;
};

/*
 * Readers of one interval; those of all rockets, and the others, as updates of
 * these have no rockets.
 */
struct hub_class {
    struct hub_class *next;
    /* Set at start, then read-only. */
    unsigned interval_ms;
    bool rockets;
    /* Guarded by the hub's mutex. */
    unsigned readers;
    unsigned takers; /* of these, who take updates; others follow single
                        rockets or the summary */
    /*
     * Updates number `first` to `end` - 1 are kept, number N at N %
     * HUB_UPDATES. Number `end` is the next one.
     */
    uint64_t first, end;
    struct hub_kept {
        uint64_t from;   /* whoever is at this position may go on with it */
        uint64_t serial; /* counts the updates of all classes */
        struct update *update; /* NULL: it could not be made, or kept */
    } kept[HUB_UPDATES];
    uint64_t from;     /* of update number `end` */
    uint64_t position; /* of readers who have all updates */
    uint64_t looks;    /* ticks at which it was due, from 1 */
    /* Of the hub's thread. */
    uint64_t due_ms;   /* when it is due next */
    uint64_t paced_ms; /* but not before */
    bool is_due;       /* at this tick */
    unsigned taking;   /* takers at the begin of this tick */
    struct pending pending;
};

/*
 * Who has a reader, and what may happen to it:
 *
 *   state     has it            next states
 *   ACTIVE    its thread        WAITING: hub_reader_next() finds nothing;
 *                               freed
 *   WAITING   nobody            ACTIVE: the hub's thread, hub_reader_cancel()
 *                               or hub_stop() takes it, and wakes it;
 *                               COMPARED: its single rockets are looked at
 *   COMPARED  the hub's thread  ACTIVE: there is news, or it was cancelled
 *                               meanwhile: it is woken; else WAITING
 *
 * Each change of state is made under the mutex, which hands over what belongs
 * to the reader's thread while it is ACTIVE. Whoever takes it from WAITING or
 * COMPARED to ACTIVE wakes it, once, and does not touch it after that.
 */
enum hub_reader_state { READER_ACTIVE, READER_WAITING, READER_COMPARED };

struct hub_reader {
    /* Set at start, then read-only. */
    struct hub *hub;
    void *owner;
    unsigned events;  /* that it wants */
    unsigned parts;   /* of these, which it takes from updates */
    bool all_rockets; /* HUB_ROCKETS is one of `parts` */
    unsigned interval_ms;
    bool resumes, estranged;
    /* Guarded by the hub's mutex. */
    struct hub_reader *next, *previous; /* the newest first */
    enum hub_reader_state state;
    bool cancelled;
    bool lost;
    bool joined;
    struct hub_class *class;
    bool hello, reset;  /* to be written */
    bool comment;       /* has been silent */
    bool sent;          /* something, since the last tick */
    bool busy;          /* its thread reads what it holds */
    uint64_t silent_ms; /* since when */
    uint64_t held_ms;   /* since when it holds what it holds; 0: not seen */
    uint64_t next_update;
    uint64_t summary;              /* the one that it has */
    struct update_reading reading; /* without the mutex only `at`, when busy */
    struct catch_up *catch_up;     /* before updates */
    /* Of its thread while it is ACTIVE, else of the hub's. */
    uint64_t looked;           /* `looks` of the class, when it compared last */
    uint64_t position;         /* it has everything from updates up to here */
    size_t caught_up;          /* index of its next change; SIZE_MAX: unknown */
    struct followed *followed; /* its single rockets, or NULL */
    /* Of whoever wakes it. */
    struct hub_reader *next_woken;
};

struct hub {
    /* Set at start, then read-only. */
    struct hub_options options;
    struct hub_metrics metrics;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t wake;    /* of the hub's thread */
    pthread_cond_t no_jobs; /* `jobs` is lower */
    /* Written under the mutex, read without. */
    _Atomic unsigned readers, waits;
    /* Guarded by the mutex. */
    bool stopping; /* all readers end */
    bool ended;    /* the thread ends */
    bool joining;  /* some reader has not joined */
    struct hub_reader *first;
    struct hub_wait *first_wait;
    struct hub_class *classes; /* changed by the hub's thread only */
    size_t kept;               /* bytes of the updates that classes keep */
    size_t memory; /* of all updates and of changes for readers who were away */
    uint64_t serial;
    unsigned summary_readers;
    struct buffer summary; /* the latest one; empty: none */
    uint64_t summary_number;
    struct catch_up *gathering; /* waits for a worker, so others may join */
    unsigned jobs;
    /* Of the hub's thread. */
    bool watched;
    uint64_t latest;    /* nothing newer has been collected, or left out */
    uint64_t collected; /* everything up to here has been */
    struct table_changes changes;
    uint64_t summary_ms; /* when the next summary may be written */
    struct buffer scratch;
    struct hub_garbage garbage; /* freed at the end of a tick */
};

/* hub.c */

/* A hub without a thread: hub_join() and hub_tick() are called by hand. */
struct hub *hub_new(const struct hub_options *options);

/* Wake a list of readers that are ACTIVE again. NULL does nothing. */
void hub_wake_readers(struct hub *hub, struct hub_reader *first);

/* hub_join.c: let new readers join their classes. The hub's thread. */
void hub_join(struct hub *hub);

/* hub_tick.c: what is done HUB_TICK_MS after the last time. `now_ms` is the
 * time, above 0. The hub's thread. */
void hub_tick(struct hub *hub, uint64_t now_ms);

/* hub_waits.c: wake those that have ended; all, if `all`. */
void hub_wake_waits(struct hub *hub, uint64_t now_ms, bool all);

/* hub_class.c */

/* The class of the reader, made if there is none. NULL without memory. */
struct hub_class *hub_class_of_locked(struct hub *hub,
                                      const struct hub_reader *reader);

/* Its first taker comes: keep nothing from before. */
void hub_class_restart_locked(struct hub *hub, struct hub_class *class);

/*
 * Find the update with which a reader with all changes up to `position` may go
 * on. False if none is kept that does.
 */
bool hub_class_find_locked(const struct hub_class *class, uint64_t position,
                           uint64_t *number);

/* Keep `update`, or note that it is missing, if it is NULL or does not fit. */
void hub_class_publish_locked(struct hub *hub, struct hub_class *class,
                              struct update *update);

/* Remove classes without readers. */
void hub_remove_classes_locked(struct hub *hub);

/* Drop a reference; the last one makes it garbage. */
void hub_drop_update_locked(struct hub *hub, struct update *update,
                            struct hub_garbage *garbage);

void hub_free_garbage(struct hub_garbage *garbage);

/* hub_reader.c */

static inline bool hub_reader_wants(const struct hub_reader *reader,
                                    enum hub_event event)
{
    return (reader->events & 1U << event) != 0;
}

/*
 * Whether the reader holds an update, or a catch-up that is done, and its
 * thread does not read it at the moment: so it can be taken away.
 */
bool hub_reader_holds_locked(const struct hub_reader *reader);

/* Take it away: the reader is too slow. The hub's thread. */
void hub_reader_lose_locked(struct hub_reader *reader);

/* Drop the update that it reads, or its catch-up, if there is one. */
void hub_reader_drop_update_locked(struct hub_reader *reader,
                                   struct hub_garbage *garbage);
void hub_reader_drop_catch_up_locked(struct hub_reader *reader,
                                     struct hub_garbage *garbage);

/* reader_step.c */

/* What hub_reader_next() does next. */
enum hub_step {
    STEP_WAIT,
    STEP_END,
    STEP_LOST,
    STEP_HELLO,
    STEP_RESET,
    STEP_CATCH_UP, /* the next changes of its catch-up */
    STEP_LOOK,     /* compare its single rockets */
    STEP_UPDATE,   /* go on with the update at hand, or take the next */
    STEP_SUMMARY,
    STEP_COMMENT,
};

/*
 * Decide it. Passes over updates that have nothing for the reader. Without
 * `due` only by what does not wait for the interval.
 */
enum hub_step hub_reader_step_locked(struct hub_reader *reader, bool due);

/* reader_write.c */

/*
 * Write what the step says, perhaps nothing. True if this was the last of the
 * update at hand. The reader's thread.
 */
bool hub_reader_write(struct hub_reader *reader, enum hub_step step,
                      const struct update_out *out);

/* It has all changes up to `position`. */
void hub_reader_raise(struct hub_reader *reader, uint64_t position);

#endif
