/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk begins behind the lowest position of those who share it. Those who
 * wait were all up to date when they began to, so their positions are close to
 * each other, and what one of them wants the others want, too.
 *
 * The job of the walk is queued at most once: it takes all who have joined,
 * before it walks, and whoever comes later queues it again. So it may run on
 * two workers at once, each for its own reads.
 */
#include "changes_walk.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/sync.h"

struct changes_walk {
    _Atomic size_t references;
    struct changes changes; /* written before the jobs are submitted */
};

struct changes_walks {
    /* Set at start, then read-only. */
    struct table *table;
    struct workers *workers;
    pthread_mutex_t lock;
    /* Guarded by `lock`. */
    struct changes_walker *joined; /* not empty: `job` is queued */
    /* The queue's, and of whoever joins as the first. */
    struct worker_job job;
};

struct changes_walks *changes_walks_new(struct table *table,
                                        struct workers *workers)
{
    struct changes_walks *walks = calloc(1, sizeof(*walks));

    if (walks == NULL)
        return NULL;
    walks->table = table;
    walks->workers = workers;
    sync_mutex_init(&walks->lock);
    return walks;
}

void changes_walks_free(struct changes_walks *walks)
{
    if (walks == NULL)
        return;
    pthread_mutex_destroy(&walks->lock);
    free(walks);
}

static struct changes_walker *take_joined(struct changes_walks *walks)
{
    sync_lock(&walks->lock);
    struct changes_walker *joined = walks->joined;
    walks->joined = NULL;
    sync_unlock(&walks->lock);
    return joined;
}

/* NULL if memory is exhausted. */
static struct changes_walk *make_walk(struct changes_walks *walks,
                                      const struct changes_walker *joined)
{
    struct changes_walk *walk = calloc(1, sizeof(*walk));
    uint64_t after = joined->after;
    size_t count = 0;

    if (walk == NULL)
        return NULL;
    for (; joined != NULL; joined = joined->next) {
        if (joined->after < after)
            after = joined->after;
        count++;
    }
    atomic_init(&walk->references, count);
    if (changes_find(walks->table, after, CHANGES_OLDEST, CHANGES_WALK_MOST,
                     &walk->changes))
        return walk;
    free(walk);
    return NULL;
}

/*
 * On a worker. The queue of the workers hands each read over to its job. Once
 * the last one is submitted nobody may be left who keeps `walks`.
 */
static void run_walk(struct worker_job *job)
{
    struct changes_walks *walks = container_of(job, struct changes_walks, job);
    struct workers *workers = walks->workers;
    struct changes_walker *walker = take_joined(walks), *next;
    struct changes_walk *walk = make_walk(walks, walker);

    for (; walker != NULL; walker = next) {
        next = walker->next;
        walker->walk = walk;
        workers_submit(workers, &walker->job);
    }
}

void changes_walks_join(struct changes_walks *walks,
                        struct changes_walker *walker)
{
    sync_lock(&walks->lock);
    bool first = walks->joined == NULL;
    walker->next = walks->joined;
    walks->joined = walker;
    sync_unlock(&walks->lock);
    if (!first)
        return;
    walks->job = (struct worker_job){.run = run_walk, .kind = WORKER_STEP};
    workers_submit(walks->workers, &walks->job);
}

bool changes_walker_read(const struct changes_walker *walker, size_t limit,
                         struct changes *page)
{
    if (walker->walk == NULL)
        return false;
    const struct changes *all = &walker->walk->changes;
    size_t begin = 0;
    while (begin < all->count && all->rockets[begin].revision <= walker->after)
        begin++;
    size_t count = all->count - begin;
    if (count < limit && all->total > all->count)
        return false;
    *page = (struct changes){
        .revision = all->revision,
        .total = all->total - begin,
        .count = count < limit ? count : limit,
        .rockets = count == 0 ? NULL : &all->rockets[begin],
    };
    return true;
}

void changes_walker_release(struct changes_walker *walker)
{
    struct changes_walk *walk = walker->walk;

    walker->walk = NULL;
    if (walk == NULL || atomic_fetch_sub(&walk->references, 1) > 1)
        return;
    changes_release(&walk->changes);
    free(walk);
}
