/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a reader, from when it is added until it is freed. What comes
 * next for it is in reader_step.c.
 */
#include <stdlib.h>

#include "base/sync.h"
#include "catch_up.h"
#include "followed.h"
#include "hub_parts.h"

static struct hub_reader *new_reader(struct hub *hub,
                                     const struct hub_reader_options *options)
{
    struct hub_reader *reader = calloc(1, sizeof(*reader));
    bool single = options->id_count > 0;

    if (reader == NULL)
        return NULL;
    *reader = (struct hub_reader){
        .hub = hub,
        .owner = options->owner,
        .events = options->events,
        .parts = options->events & ~(1U << HUB_SUMMARY),
        .interval_ms = options->interval_ms,
        .resumes = options->resumes,
        .estranged = options->estranged,
        .position = options->position,
        .sent = true,
    };
    if (single)
        reader->parts &= ~(1U << HUB_ROCKETS);
    reader->all_rockets = (reader->parts & 1U << HUB_ROCKETS) != 0;
    if (!single || !hub_reader_wants(reader, HUB_ROCKETS))
        return reader;
    reader->followed = followed_new(options->ids, options->id_count);
    if (reader->followed != NULL)
        return reader;
    free(reader);
    return NULL;
}

static void free_reader(struct hub_reader *reader)
{
    if (reader != NULL)
        followed_free(reader->followed);
    free(reader);
}

static void link_locked(struct hub *hub, struct hub_reader *reader)
{
    reader->next = hub->first;
    if (reader->next != NULL)
        reader->next->previous = reader;
    hub->first = reader;
}

static void unlink_locked(struct hub *hub, struct hub_reader *reader)
{
    if (reader->previous != NULL)
        reader->previous->next = reader->next;
    else
        hub->first = reader->next;
    if (reader->next != NULL)
        reader->next->previous = reader->previous;
}

static enum hub_added add_locked(struct hub *hub, struct hub_reader *reader)
{
    if (hub->stopping)
        return HUB_STOPPING;
    if (hub_readers(hub) >= hub->options.max_readers)
        return HUB_TOO_MANY;
    link_locked(hub, reader);
    atomic_fetch_add(&hub->readers, 1);
    hub->summary_readers += hub_reader_wants(reader, HUB_SUMMARY);
    hub->joining = true;
    sync_signal(&hub->wake);
    return HUB_ADDED;
}

enum hub_added hub_add_reader(struct hub *hub,
                              const struct hub_reader_options *options,
                              struct hub_reader **reader)
{
    struct hub_reader *added = new_reader(hub, options);

    if (added == NULL)
        return HUB_NO_MEMORY;
    sync_lock(&hub->lock);
    enum hub_added result = add_locked(hub, added);
    sync_unlock(&hub->lock);
    if (result == HUB_ADDED)
        *reader = added;
    else
        free_reader(added);
    return result;
}

void hub_reader_drop_update_locked(struct hub_reader *reader,
                                   struct hub_garbage *garbage)
{
    if (reader->reading.update == NULL)
        return;
    hub_drop_update_locked(reader->hub, reader->reading.update, garbage);
    reader->reading = (struct update_reading){0};
}

void hub_reader_drop_catch_up_locked(struct hub_reader *reader,
                                     struct hub_garbage *garbage)
{
    if (reader->catch_up == NULL)
        return;
    catch_up_drop_locked(reader->catch_up, garbage);
    reader->catch_up = NULL;
}

static void leave_class_locked(struct hub_reader *reader)
{
    if (reader->class == NULL)
        return;
    reader->class->readers--;
    reader->class->takers -= reader->parts != 0;
}

void hub_reader_free(struct hub_reader *reader)
{
    struct hub_garbage garbage = {NULL, NULL};

    if (reader == NULL)
        return;
    struct hub *hub = reader->hub;
    sync_lock(&hub->lock);
    unlink_locked(hub, reader);
    leave_class_locked(reader);
    hub_reader_drop_update_locked(reader, &garbage);
    hub_reader_drop_catch_up_locked(reader, &garbage);
    hub->summary_readers -= hub_reader_wants(reader, HUB_SUMMARY);
    atomic_fetch_sub(&hub->readers, 1);
    sync_unlock(&hub->lock);
    hub_free_garbage(&garbage);
    free_reader(reader);
}

bool hub_reader_holds_locked(const struct hub_reader *reader)
{
    const struct catch_up *catch_up = reader->catch_up;

    return !reader->busy && (reader->reading.update != NULL ||
                             (catch_up != NULL && catch_up->done));
}

void hub_reader_lose_locked(struct hub_reader *reader)
{
    struct hub_garbage *garbage = &reader->hub->garbage;

    reader->lost = true;
    hub_reader_drop_update_locked(reader, garbage);
    hub_reader_drop_catch_up_locked(reader, garbage);
}

void *hub_reader_owner(const struct hub_reader *reader)
{
    return reader->owner;
}

struct hub_reader *hub_reader_next_woken(const struct hub_reader *reader)
{
    return reader->next_woken;
}

void hub_reader_cancel(struct hub_reader *reader)
{
    struct hub *hub = reader->hub;

    sync_lock(&hub->lock);
    reader->cancelled = true;
    bool waits = reader->state == READER_WAITING;
    if (waits) {
        reader->state = READER_ACTIVE;
        reader->next_woken = NULL;
    }
    sync_unlock(&hub->lock);
    if (waits)
        hub_wake_readers(hub, reader);
}
