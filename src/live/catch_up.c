/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk of those who were away, as a job with references: it may outlive its
 * readers, and they may read what it has found long after it.
 */
#include "catch_up.h"

#include <stdlib.h>

#include "base/sync.h"
#include "hub_parts.h"

/* For the limit of memory. */
static size_t size_of(const struct changes *changes)
{
    return changes->count * sizeof(*changes->rockets);
}

/*
 * The walk is not begun while others may join; see the header. The job is one
 * of the references, so that it may outlive all readers; hub_free() waits for
 * it.
 */
static void run_catch_up(struct worker_job *job)
{
    struct catch_up *catch_up = container_of(job, struct catch_up, job);
    struct hub_garbage garbage = {NULL, NULL};
    struct hub *hub = catch_up->hub;

    sync_lock(&hub->lock);
    if (hub->gathering == catch_up)
        hub->gathering = NULL;
    uint64_t after = catch_up->after;
    bool wanted = catch_up->refs > 1 && !hub->stopping;
    sync_unlock(&hub->lock);

    struct changes found = {0};
    bool failed =
        !wanted || !changes_find(hub->options.table, after, CHANGES_NEWEST,
                                 HUB_CATCH_UP, &found);

    sync_lock(&hub->lock);
    catch_up->failed = failed || hub->memory + size_of(&found) > HUB_MEMORY;
    if (!catch_up->failed) {
        catch_up->changes = found;
        found = (struct changes){0};
        hub->memory += size_of(&catch_up->changes);
    }
    catch_up->done = true;
    catch_up_drop_locked(catch_up, &garbage);
    hub->jobs--;
    sync_broadcast(&hub->no_jobs);
    sync_unlock(&hub->lock);
    hub_free_garbage(&garbage);
    changes_release(&found);
}

struct catch_up *catch_up_join_locked(struct hub *hub, uint64_t position,
                                      struct catch_up **created)
{
    struct catch_up *catch_up = hub->gathering;

    if (catch_up == NULL) {
        catch_up = calloc(1, sizeof(*catch_up));
        if (catch_up == NULL)
            return NULL;
        catch_up->job.run = run_catch_up;
        catch_up->hub = hub;
        catch_up->refs = 1;
        catch_up->after = position;
        hub->gathering = catch_up;
        hub->jobs++;
        *created = catch_up;
    }
    catch_up->refs++;
    if (position < catch_up->after)
        catch_up->after = position;
    return catch_up;
}

void catch_up_submit(struct catch_up *catch_up)
{
    workers_submit(catch_up->hub->options.workers, &catch_up->job);
}

void catch_up_drop_locked(struct catch_up *catch_up,
                          struct hub_garbage *garbage)
{
    if (--catch_up->refs > 0)
        return;
    catch_up->hub->memory -= size_of(&catch_up->changes);
    catch_up->next_garbage = garbage->catch_ups;
    garbage->catch_ups = catch_up;
}

void catch_up_free(struct catch_up *catch_up)
{
    changes_release(&catch_up->changes);
    free(catch_up);
}

/* No two changes have one revision, so those not kept are below the first. */
bool catch_up_covers(const struct catch_up *catch_up, uint64_t position)
{
    const struct changes *changes = &catch_up->changes;

    if (catch_up->failed)
        return false;
    return changes->total <= changes->count ||
           position + 1 >= changes->rockets[0].revision;
}

size_t catch_up_begin(const struct catch_up *catch_up, uint64_t position)
{
    const struct changes *changes = &catch_up->changes;
    size_t low = 0, high = changes->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (changes->rockets[middle].revision <= position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t catch_up_position(const struct catch_up *catch_up, size_t end)
{
    const struct changes *changes = &catch_up->changes;

    if (end == changes->count ||
        changes->rockets[end - 1].revision > changes->revision)
        return changes->revision;
    return changes->rockets[end - 1].revision;
}
