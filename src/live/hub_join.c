/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a new reader begins. The order is the point: first the table is
 * watched and the reader is in its class, so that it gets all later changes;
 * then the revision is read up to which a reader who comes without a position
 * needs none; or it is found out how one who comes with a position gets what
 * lies between.
 */
#include "base/sync.h"
#include "catch_up.h"
#include "followed.h"
#include "hub_parts.h"
#include "table/table.h"

/* Whether a new reader takes updates, and the table is not watched yet. */
static bool needs_watch_locked(const struct hub *hub)
{
    bool takes = false;

    for (const struct hub_reader *reader = hub->first;
         reader != NULL && !reader->joined; reader = reader->next)
        takes = takes || reader->parts != 0;
    return takes && !hub->watched;
}

static bool join_class_locked(struct hub *hub, struct hub_reader *reader)
{
    struct hub_class *class = hub_class_of_locked(hub, reader);

    if (class == NULL)
        return false;
    reader->class = class;
    class->readers++;
    if (reader->parts != 0 && class->takers++ == 0)
        hub_class_restart_locked(hub, class);
    reader->next_update = class->end;
    return true;
}

/*
 * Go on behind the reader's position. News that are not kept any more are lost
 * to it; that it has missed some it is told only if it follows no rockets.
 */
static void resume_locked(struct hub *hub, struct hub_reader *reader,
                          struct catch_up **created)
{
    if (reader->parts == 0 ||
        hub_class_find_locked(reader->class, reader->position,
                              &reader->next_update))
        return;
    if (reader->all_rockets) {
        reader->catch_up = catch_up_join_locked(hub, reader->position, created);
        reader->caught_up = SIZE_MAX;
    }
    reader->reset = reader->catch_up == NULL && reader->followed == NULL;
}

static void join_reader_locked(struct hub *hub, struct hub_reader *reader,
                               struct catch_up **created)
{
    reader->joined = true;
    if (!join_class_locked(hub, reader)) {
        reader->lost = true;
        return;
    }
    uint64_t revision = table_revision(hub->options.table);
    bool resumes =
        reader->resumes && !reader->estranged && reader->position <= revision;
    reader->hello = true;
    reader->reset = reader->estranged || (reader->resumes && !resumes);
    if (!resumes)
        reader->position = revision;
    if (reader->followed != NULL)
        followed_set(reader->followed, reader->position);
    if (resumes)
        resume_locked(hub, reader, created);
}

void hub_join(struct hub *hub)
{
    struct hub_reader *woken = NULL;
    struct catch_up *created = NULL;

    sync_lock(&hub->lock);
    if (needs_watch_locked(hub)) {
        sync_unlock(&hub->lock);
        hub->latest = table_watch(hub->options.table);
        hub->watched = true;
        sync_lock(&hub->lock);
    }
    hub->joining = false;
    for (struct hub_reader *reader = hub->first;
         reader != NULL && !reader->joined; reader = reader->next) {
        join_reader_locked(hub, reader, &created);
        if (reader->state != READER_WAITING)
            continue;
        reader->state = READER_ACTIVE;
        reader->next_woken = woken;
        woken = reader;
    }
    sync_unlock(&hub->lock);
    if (created != NULL)
        catch_up_submit(created);
    hub_wake_readers(hub, woken);
}
