/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classes and the updates that they keep. Two limits:
 *
 * - HUB_KEPT for what is kept. The oldest update of any class goes first, but
 *   never the newest of one: its readers may not have been woken yet.
 * - HUB_MEMORY for that and what slow readers still hold. The slowest reader
 *   goes first, then the oldest update. What does not fit even then is not
 *   published: the class has a hole there, at which its readers are reset.
 */
#include <stdlib.h>

#include "catch_up.h"
#include "hub_parts.h"
#include "table/table.h"

static struct hub_kept *kept_at(struct hub_class *class, uint64_t number)
{
    return &class->kept[number % HUB_UPDATES];
}

struct hub_class *hub_class_of_locked(struct hub *hub,
                                      const struct hub_reader *reader)
{
    struct hub_class *class = hub->classes;

    while (class != NULL && (class->interval_ms != reader->interval_ms ||
                             class->rockets != reader->all_rockets))
        class = class->next;
    if (class != NULL)
        return class;
    class = calloc(1, sizeof(*class));
    if (class == NULL)
        return NULL;
    class->interval_ms = reader->interval_ms;
    class->rockets = reader->all_rockets;
    class->looks = 1;
    class->next = hub->classes;
    hub->classes = class;
    return class;
}

static void throw_away(struct update *update, struct hub_garbage *garbage)
{
    update->next_garbage = garbage->updates;
    garbage->updates = update;
}

void hub_drop_update_locked(struct hub *hub, struct update *update,
                            struct hub_garbage *garbage)
{
    if (--update->refs > 0)
        return;
    hub->memory -= update->size;
    throw_away(update, garbage);
}

void hub_free_garbage(struct hub_garbage *garbage)
{
    while (garbage->updates != NULL) {
        struct update *update = garbage->updates;
        garbage->updates = update->next_garbage;
        update_free(update);
    }
    while (garbage->catch_ups != NULL) {
        struct catch_up *catch_up = garbage->catch_ups;
        garbage->catch_ups = catch_up->next_garbage;
        catch_up_free(catch_up);
    }
}

static void drop_oldest(struct hub *hub, struct hub_class *class)
{
    struct update *update = kept_at(class, class->first)->update;

    class->first++;
    if (update == NULL)
        return;
    hub->kept -= update->size;
    update->kept = false;
    hub_drop_update_locked(hub, update, &hub->garbage);
}

static void drop_all(struct hub *hub, struct hub_class *class)
{
    while (class->first < class->end)
        drop_oldest(hub, class);
}

void hub_class_restart_locked(struct hub *hub, struct hub_class *class)
{
    drop_all(hub, class);
    class->from = hub->latest;
}

/*
 * The latest one whose `from` the position has reached. What it has missed of
 * that update it gets, and some of it again.
 */
bool hub_class_find_locked(const struct hub_class *class, uint64_t position,
                           uint64_t *number)
{
    uint64_t i = class->end;

    if (position >= class->from) {
        *number = i;
        return true;
    }
    while (i > class->first && class->kept[--i % HUB_UPDATES].from > position)
        continue;
    if (class->first == class->end ||
        class->kept[i % HUB_UPDATES].from > position)
        return false;
    *number = i;
    return true;
}

/*
 * Drop the oldest update of all classes; but the newest `spared` of each stay.
 * False if there is none.
 */
static bool drop_oldest_of_all(struct hub *hub, unsigned spared)
{
    struct hub_class *oldest = NULL;

    for (struct hub_class *class = hub->classes; class != NULL;
         class = class->next)
        if (class->end - class->first > spared &&
            (oldest == NULL || kept_at(class, class->first)->serial <
                                   kept_at(oldest, oldest->first)->serial))
            oldest = class;
    if (oldest == NULL)
        return false;
    drop_oldest(hub, oldest);
    return true;
}

/* What would have to be taken away from the reader to free its memory. */
static bool holds_alone(const struct hub_reader *reader)
{
    const struct update *update = reader->reading.update;

    return hub_reader_holds_locked(reader) && reader->held_ms != 0 &&
           (update == NULL || !update->kept);
}

/*
 * Lose the reader that has held for the longest time what only readers hold,
 * and all that hold the same. Otherwise some that take nothing could use up the
 * memory, and all others would be reset. False if there is none.
 */
static bool lose_slowest(struct hub *hub)
{
    const struct hub_reader *slowest = NULL;

    for (const struct hub_reader *reader = hub->first; reader != NULL;
         reader = reader->next)
        if (holds_alone(reader) &&
            (slowest == NULL || reader->held_ms < slowest->held_ms))
            slowest = reader;
    if (slowest == NULL)
        return false;
    const struct update *update = slowest->reading.update;
    const struct catch_up *catch_up = slowest->catch_up;
    for (struct hub_reader *reader = hub->first; reader != NULL;
         reader = reader->next)
        if (holds_alone(reader) && reader->reading.update == update &&
            reader->catch_up == catch_up)
            hub_reader_lose_locked(reader);
    return true;
}

void hub_class_publish_locked(struct hub *hub, struct hub_class *class,
                              struct update *update)
{
    size_t size = update == NULL ? 0 : update->size;

    while (hub->memory + size > HUB_MEMORY &&
           (lose_slowest(hub) || drop_oldest_of_all(hub, 0)))
        continue;
    if (update != NULL && hub->memory + size > HUB_MEMORY) {
        throw_away(update, &hub->garbage);
        update = NULL;
        size = 0;
    }
    if (update != NULL)
        update->kept = true;
    hub->kept += size;
    hub->memory += size;
    if (class->end - class->first == HUB_UPDATES)
        drop_oldest(hub, class);
    *kept_at(class, class->end++) =
        (struct hub_kept){class->from, hub->serial++, update};
    class->from = hub->latest;
    while (hub->kept > HUB_KEPT && drop_oldest_of_all(hub, 1))
        continue;
}

void hub_remove_classes_locked(struct hub *hub)
{
    struct hub_class **link = &hub->classes;

    while (*link != NULL) {
        struct hub_class *class = *link;
        if (class->readers > 0) {
            link = &class->next;
            continue;
        }
        *link = class->next;
        drop_all(hub, class);
        pending_clear(&class->pending);
        free(class);
    }
}
