/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes next for a reader is decided under the mutex, here, and written
 * without it (reader_write.c). It is the first of these that there is:
 *
 *   hello            once
 *   reset            if it has missed changes
 *   an update        that it has begun, to its end
 *   a catch-up       if it was away: rockets that a worker has found
 *   single rockets   which it compares itself, once for each tick that is due
 *   an update        the next one that has something for it
 *   the summary      if there is a newer one
 *   a comment        after a silence
 *
 * `busy` says that the thread is writing, so that the hub does not take away
 * what it reads.
 */
#include "base/sync.h"
#include "catch_up.h"
#include "hub_parts.h"

/*
 * Pass over updates that have nothing for the reader. True if it comes to one
 * that has, or has missed one.
 */
static bool find_update_locked(struct hub_reader *reader)
{
    const struct hub_class *class = reader->class;

    for (; reader->next_update < class->end; reader->next_update++) {
        if (reader->next_update < class->first)
            return true;
        const struct update *update =
            class->kept[reader->next_update % HUB_UPDATES].update;
        if (update == NULL || update_has(update, reader->parts))
            return true;
        hub_reader_raise(reader, update->to);
    }
    hub_reader_raise(reader, class->position);
    return false;
}

static bool has_summary_locked(const struct hub_reader *reader)
{
    const struct hub *hub = reader->hub;

    return hub_reader_wants(reader, HUB_SUMMARY) && hub->summary.length > 0 &&
           reader->summary != hub->summary_number;
}

static enum hub_step due_step_locked(struct hub_reader *reader)
{
    if (reader->followed != NULL && reader->looked != reader->class->looks)
        return STEP_LOOK;
    if (reader->parts != 0 && find_update_locked(reader))
        return STEP_UPDATE;
    return has_summary_locked(reader) ? STEP_SUMMARY : STEP_WAIT;
}

enum hub_step hub_reader_step_locked(struct hub_reader *reader, bool due)
{
    enum hub_step step = STEP_WAIT;

    /* An update that was begun is sent: it may be cut within an event. */
    if (reader->cancelled ||
        (reader->hub->stopping && reader->reading.update == NULL))
        return STEP_END;
    if (reader->lost)
        return STEP_LOST;
    if (!reader->joined)
        return STEP_WAIT;
    if (reader->hello)
        return STEP_HELLO;
    if (reader->reset)
        return STEP_RESET;
    if (reader->reading.update != NULL)
        return STEP_UPDATE;
    if (reader->catch_up != NULL)
        return reader->catch_up->done ? STEP_CATCH_UP : STEP_WAIT;
    if (due)
        step = due_step_locked(reader);
    return step == STEP_WAIT && reader->comment ? STEP_COMMENT : step;
}

/* The reader has missed changes. It goes on with the next update. */
static void miss_locked(struct hub_reader *reader)
{
    reader->reset = true;
    reader->next_update = reader->class->end;
    hub_reader_raise(reader, reader->class->position);
}

/* Take the next update, or find that it is missed. */
static void take_update_locked(struct hub_reader *reader)
{
    const struct hub_class *class = reader->class;
    struct update *update = NULL;

    if (reader->next_update >= class->first)
        update = class->kept[reader->next_update % HUB_UPDATES].update;
    if (update == NULL) {
        miss_locked(reader);
        return;
    }
    update->refs++;
    reader->reading = (struct update_reading){update, 0};
    reader->held_ms = 0;
    reader->next_update++;
}

/*
 * Begin a catch-up that is done, or end it. One that does not have all that the
 * reader has missed is of no use to it.
 */
static void advance_catch_up_locked(struct hub_reader *reader,
                                    struct hub_garbage *garbage)
{
    struct catch_up *catch_up = reader->catch_up;

    if (reader->caught_up != SIZE_MAX) {
        hub_reader_raise(reader, catch_up->changes.revision);
        hub_reader_drop_catch_up_locked(reader, garbage);
    } else if (catch_up_covers(catch_up, reader->position)) {
        reader->caught_up = catch_up_begin(catch_up, reader->position);
        reader->held_ms = 0;
    } else {
        hub_reader_drop_catch_up_locked(reader, garbage);
        miss_locked(reader);
    }
}

/* Decide what comes next, up to something that is written. */
static enum hub_step begin_step_locked(struct hub_reader *reader,
                                       struct hub_garbage *garbage)
{
    for (;;) {
        enum hub_step step = hub_reader_step_locked(reader, true);
        if (step == STEP_UPDATE && reader->reading.update == NULL)
            take_update_locked(reader);
        else if (step == STEP_CATCH_UP &&
                 (reader->caught_up == SIZE_MAX ||
                  reader->caught_up == reader->catch_up->changes.count))
            advance_catch_up_locked(reader, garbage);
        else
            return step;
    }
}

/* Note that the step is taken. */
static void take_step_locked(struct hub_reader *reader, enum hub_step step)
{
    reader->busy = step != STEP_WAIT && step != STEP_END && step != STEP_LOST;
    if (step == STEP_HELLO)
        reader->hello = false;
    else if (step == STEP_RESET)
        reader->reset = false;
    else if (step == STEP_LOOK)
        reader->looked = reader->class->looks;
}

/* The thread has written. */
static void end_step_locked(struct hub_reader *reader, bool update_done,
                            bool sent, struct hub_garbage *garbage)
{
    reader->busy = false;
    if (update_done)
        hub_reader_drop_update_locked(reader, garbage);
    if (sent) {
        reader->sent = true;
        reader->comment = false;
    }
}

/*
 * Go to the next step. HUB_MORE if it was written, even if that was nothing.
 * After the mutex is unlocked a reader that waits may be woken, and freed.
 */
static enum hub_flow run_step(struct hub_reader *reader,
                              const struct update_out *out, bool may_wait)
{
    struct hub_garbage garbage = {NULL, NULL};
    struct hub *hub = reader->hub;
    size_t before = out->buffer->length;

    sync_lock(&hub->lock);
    enum hub_step step = begin_step_locked(reader, &garbage);
    take_step_locked(reader, step);
    bool writes = reader->busy;
    if (step == STEP_WAIT && may_wait)
        reader->state = READER_WAITING;
    sync_unlock(&hub->lock);
    if (writes) {
        bool done = hub_reader_write(reader, step, out);
        sync_lock(&hub->lock);
        end_step_locked(reader, done, out->buffer->length > before, &garbage);
        sync_unlock(&hub->lock);
    }
    hub_free_garbage(&garbage);
    if (writes)
        return HUB_MORE;
    if (step == STEP_LOST)
        return HUB_LOST;
    return step == STEP_WAIT && may_wait ? HUB_WAIT : HUB_END;
}

enum hub_flow hub_reader_next(struct hub_reader *reader, struct buffer *out,
                              size_t size, bool may_wait)
{
    struct update_out to = {
        .writer = &reader->hub->options.writer,
        .buffer = out,
        .size = out->length + size,
    };
    size_t before = out->length;
    enum hub_flow flow = HUB_MORE;

    while (flow == HUB_MORE && out->length == before && !buffer_failed(out))
        flow = run_step(reader, &to, may_wait);
    return buffer_failed(out) ? HUB_LOST : flow;
}
