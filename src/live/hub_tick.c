/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tick: collect what has changed, write an update for each class that is
 * due, publish it, and wake the readers for whom there is something. Of the
 * mutex this needs short moments; the table is read, and events are written,
 * without it.
 */
#include <string.h>

#include "base/metrics.h"
#include "base/sync.h"
#include "catch_up.h"
#include "followed.h"
#include "hub_parts.h"
#include "table/table.h"

/* A reader may hold an update, or a catch-up that is done, for some time. */
static void look_at_held_locked(struct hub_reader *reader, uint64_t now_ms)
{
    if (!hub_reader_holds_locked(reader))
        return;
    if (reader->held_ms == 0)
        reader->held_ms = now_ms;
    else if (now_ms - reader->held_ms > HUB_TAKE_MS)
        hub_reader_lose_locked(reader);
}

static void look_at_silence_locked(struct hub_reader *reader, uint64_t now_ms)
{
    if (reader->sent) {
        reader->sent = false;
        reader->silent_ms = now_ms;
    } else if (now_ms - reader->silent_ms >= HUB_COMMENT_MS) {
        reader->comment = true;
    }
}

static void begin_class_locked(struct hub_class *class, uint64_t now_ms)
{
    class->taking = class->takers;
    class->is_due = now_ms >= class->due_ms && now_ms >= class->paced_ms;
    if (class->is_due)
        class->due_ms = (now_ms / class->interval_ms + 1) * class->interval_ms;
}

/* What a tick finds at its begin. */
struct tick {
    uint64_t now_ms;
    bool watched;  /* somebody takes updates */
    bool collects; /* ... who is due */
    bool summary;  /* somebody wants it */
};

static void begin_tick(struct hub *hub, struct tick *tick)
{
    sync_lock(&hub->lock);
    hub_remove_classes_locked(hub);
    for (struct hub_class *class = hub->classes; class != NULL;
         class = class->next) {
        begin_class_locked(class, tick->now_ms);
        tick->watched = tick->watched || class->taking > 0;
        tick->collects = tick->collects || (class->taking > 0 && class->is_due);
    }
    for (struct hub_reader *reader = hub->first; reader != NULL;
         reader = reader->next) {
        if (!reader->joined)
            continue;
        look_at_held_locked(reader, tick->now_ms);
        look_at_silence_locked(reader, tick->now_ms);
    }
    tick->summary = hub->summary_readers > 0;
    sync_unlock(&hub->lock);
}

/* All classes get it, also those that are due later. */
static void collect(struct hub *hub)
{
    table_collect(hub->options.table, &hub->changes);
    hub->collected = hub->changes.revision;
    if (hub->latest < hub->changes.latest)
        hub->latest = hub->changes.latest;
    for (struct hub_class *class = hub->classes; class != NULL;
         class = class->next)
        if (class->taking > 0)
            pending_add(&class->pending, &hub->changes, class->rockets);
}

static void stop_watching(struct hub *hub)
{
    table_unwatch(hub->options.table);
    table_changes_release(&hub->changes);
    hub->watched = false;
}

/*
 * The more readers there are for so many bytes, the later the class is due
 * again.
 */
static void pace_class(struct hub_class *class, const struct update *update,
                       uint64_t now_ms)
{
    uint64_t bytes = (uint64_t)update->bytes.length * class->taking;

    class->paced_ms = now_ms + bytes * 1000 / HUB_SEND_RATE;
}

/*
 * Without anything pending there is no update; but the position advances. The
 * update and `looks` come in one step, so that a reader of single rockets
 * compares these before it takes the update.
 */
static void update_class(struct hub *hub, struct hub_class *class,
                         uint64_t now_ms)
{
    struct update *update = NULL;
    bool news = class->taking > 0 && !pending_is_empty(&class->pending);

    if (news) {
        update = update_new(&hub->options, &class->pending, hub->collected);
        if (update != NULL)
            pace_class(class, update, now_ms);
    }
    pending_clear(&class->pending);
    sync_lock(&hub->lock);
    if (news)
        hub_class_publish_locked(hub, class, update);
    if (class->taking > 0)
        class->position = hub->collected;
    class->looks++;
    sync_unlock(&hub->lock);
}

/*
 * Write the summary if it is time, and replace the old one if it differs. It is
 * not kept while nobody wants it, so that nobody gets one of long ago.
 */
static void update_summary(struct hub *hub, const struct tick *tick)
{
    struct buffer *scratch = &hub->scratch;
    const struct hub_writer *writer = &hub->options.writer;

    if (tick->summary && tick->now_ms < hub->summary_ms)
        return;
    buffer_clear(scratch);
    hub->summary_ms = 0;
    if (tick->summary) {
        writer->summary(writer->context, scratch);
        hub->summary_ms = tick->now_ms + HUB_SUMMARY_MS;
    }
    if (buffer_failed(scratch) ||
        (scratch->length == hub->summary.length &&
         (scratch->length == 0 ||
          memcmp(scratch->data, hub->summary.data, scratch->length) == 0)))
        return;
    struct buffer old = hub->summary;
    sync_lock(&hub->lock);
    hub->summary = *scratch;
    hub->summary_number++;
    sync_unlock(&hub->lock);
    *scratch = old;
}

/* Readers that are taken off the waiting ones, linked by `next_woken`. */
struct taken {
    struct hub_reader *woken, *compared;
};

static void wake_locked(struct taken *taken, struct hub_reader *reader)
{
    reader->state = READER_ACTIVE;
    reader->next_woken = taken->woken;
    taken->woken = reader;
}

static void take_waiting(struct hub *hub, struct taken *taken)
{
    sync_lock(&hub->lock);
    for (struct hub_reader *reader = hub->first; reader != NULL;
         reader = reader->next) {
        if (reader->state != READER_WAITING || !reader->joined)
            continue;
        enum hub_step step = hub_reader_step_locked(
            reader, reader->class != NULL && reader->class->is_due);
        if (step == STEP_LOOK) {
            reader->state = READER_COMPARED;
            reader->next_woken = taken->compared;
            taken->compared = reader;
        } else if (step != STEP_WAIT) {
            wake_locked(taken, reader);
        }
    }
    sync_unlock(&hub->lock);
}

/* Outside of the mutex, as each compares up to HUB_MAX_IDS rockets. */
static void compare_rockets(struct hub *hub, const struct taken *taken)
{
    for (struct hub_reader *reader = taken->compared; reader != NULL;
         reader = reader->next_woken)
        if (!followed_has_news(reader->followed, hub->options.table))
            reader->looked = reader->class->looks;
}

/*
 * Readers without news wait again, unless there is something else for them:
 * they may have been cancelled meanwhile.
 */
static void put_back(struct hub *hub, struct taken *taken)
{
    struct hub_reader *next;

    sync_lock(&hub->lock);
    for (struct hub_reader *reader = taken->compared; reader != NULL;
         reader = next) {
        next = reader->next_woken;
        if (hub_reader_step_locked(reader, true) == STEP_WAIT)
            reader->state = READER_WAITING;
        else
            wake_locked(taken, reader);
    }
    sync_unlock(&hub->lock);
}

void hub_tick(struct hub *hub, uint64_t now_ms)
{
    struct tick tick = {.now_ms = now_ms};
    struct taken taken = {NULL, NULL};

    hub_join(hub);
    begin_tick(hub, &tick);
    if (hub->watched && !tick.watched)
        stop_watching(hub);
    if (tick.collects)
        collect(hub);
    for (struct hub_class *class = hub->classes; class != NULL;
         class = class->next)
        if (class->is_due)
            update_class(hub, class, now_ms);
    update_summary(hub, &tick);
    take_waiting(hub, &taken);
    compare_rockets(hub, &taken);
    put_back(hub, &taken);
    hub_wake_readers(hub, taken.woken);
    hub_wake_waits(hub, now_ms, false);
    hub_free_garbage(&hub->garbage);
}
