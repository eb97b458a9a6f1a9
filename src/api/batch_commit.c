/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A block is the batch's until it is appended, and the journal's until it is
 * settled. There its results are added to those of the batch under `lock`,
 * which also hands over the struct itself: if the batch was freed before, the
 * block that makes `pending` 0 is the last that knows of it.
 *
 * Memory is bounded although a connection cannot always wait: in all by a
 * quota, and for one batch by BATCH_MAX_UNHELD. When half of the quota is used,
 * each batch may have only one part pending, so that many slow ones do not take
 * the room of others.
 */
#include "batch_commit.h"

#include <stdlib.h>

#include "api_metrics.h"
#include "api_store.h"
#include "base/metrics.h"
#include "base/quota.h"
#include "base/sync.h"
#include "store/commit.h"
#include "store/record.h"

struct block {
    struct commit_ticket ticket;
    struct batch_commit *owner;
    size_t size;         /* with this struct */
    uint64_t count;      /* messages */
    uint64_t first_line; /* of the first message */
    char records[];
};

struct batch_commit {
    struct api *api;
    /* Owned by the batch's thread. */
    struct block *block; /* that is being filled; NULL: none */
    size_t expected;     /* bytes of JSON */
    pthread_mutex_t lock;
    /* Guarded by `lock`. */
    size_t pending; /* sum of the sizes of blocks that are not settled */
    struct batch_settled settled;
    void (*call)(void *context); /* NULL: nothing waits */
    void *context;               /* of the call */
    size_t enough;               /* it comes when so much is pending, or less */
    bool abandoned; /* the batch was freed while some was pending */
};

struct batch_commit *batch_commit_new(struct api *api)
{
    struct batch_commit *commit = calloc(1, sizeof(*commit));

    if (commit == NULL)
        return NULL;
    commit->api = api;
    sync_mutex_init(&commit->lock);
    return commit;
}

static void free_commit(struct batch_commit *commit)
{
    pthread_mutex_destroy(&commit->lock);
    free(commit);
}

void batch_commit_free(struct batch_commit *commit)
{
    if (commit == NULL)
        return;
    sync_lock(&commit->lock);
    bool pending = commit->pending > 0;
    commit->abandoned = pending;
    sync_unlock(&commit->lock);
    if (!pending)
        free_commit(commit);
}

static void free_block(struct api *api, struct block *block)
{
    quota_resize(&api->pending, block, block->size, 0);
}

/* Of a line at `line`, if it is before the first one so far. */
static bool is_first(uint64_t line, uint64_t *first)
{
    if (*first != 0 && *first <= line)
        return false;
    *first = line;
    return true;
}

static void add_applied_locked(struct batch_settled *settled,
                               const struct commit_ticket *ticket)
{
    for (size_t i = 0; i < MESSAGE_NO_MEMORY; i++)
        settled->outcomes[i] += ticket->outcomes[i];
    if (ticket->position > settled->position)
        settled->position = ticket->position;
}

/* Those that did not fit were settled first, and of a shared journal any. */
static void add_result_locked(struct batch_settled *settled,
                              const struct block *block,
                              enum commit_result result, const char *problem)
{
    switch (result) {
    case COMMIT_APPLIED:
        add_applied_locked(settled, &block->ticket);
        break;
    case COMMIT_REFUSED:
        settled->not_written += block->count;
        if (is_first(block->first_line, &settled->first_not_written))
            settled->problem = problem;
        break;
    case COMMIT_UNKNOWN:
        settled->unknown += block->count;
        is_first(block->first_line, &settled->first_unknown);
        break;
    }
}

static void count_block(const struct block *block, enum commit_result result)
{
    const struct api_metrics *counts = &block->owner->api->counts;

    if (result == COMMIT_APPLIED)
        api_metrics_count_ticket(counts, &block->ticket);
    else
        metric_add(counts->messages,
                   result == COMMIT_UNKNOWN ? API_UNKNOWN : API_NOT_WRITTEN,
                   block->count);
}

/*
 * The block has this result; `problem` says why it was refused. After the
 * unlock the struct is only used if nobody else is left; who waits stays until
 * the call.
 */
static void end_block(struct block *block, enum commit_result result,
                      const char *problem)
{
    struct batch_commit *commit = block->owner;
    struct api *api = commit->api;
    void (*call)(void *) = NULL;

    count_block(block, result);
    sync_lock(&commit->lock);
    add_result_locked(&commit->settled, block, result, problem);
    commit->pending -= block->size;
    void *context = commit->context;
    if (commit->pending <= commit->enough) {
        call = commit->call;
        commit->call = NULL;
    }
    bool last = commit->abandoned && commit->pending == 0;
    sync_unlock(&commit->lock);

    free_block(api, block);
    if (last)
        free_commit(commit);
    else if (call != NULL)
        call(context);
}

/* On the journal's thread. */
static void settle_block(struct commit_ticket *ticket)
{
    struct block *block = container_of(ticket, struct block, ticket);

    const char *problem = NULL;

    if (ticket->result == COMMIT_REFUSED)
        problem = api_store_not_written(block->owner->api).reason;
    end_block(block, ticket->result, problem);
}

static size_t pending_of(struct batch_commit *commit)
{
    sync_lock(&commit->lock);
    size_t pending = commit->pending;
    sync_unlock(&commit->lock);
    return pending;
}

/*
 * NULL if too much is pending. The size is a guess: a record is seldom half as
 * long as its JSON.
 */
static struct block *new_block(struct batch_commit *commit)
{
    size_t room =
        commit->expected / 2 < BATCH_BLOCK ? commit->expected / 2 : BATCH_BLOCK;
    size_t size = sizeof(struct block) + room + RECORD_MAX;

    size_t most =
        commit->api->shared ? BATCH_MAX_UNHELD_SHARED : BATCH_MAX_UNHELD;
    if (pending_of(commit) + size > most)
        return NULL;
    struct block *block = quota_resize(&commit->api->pending, NULL, 0, size);
    if (block == NULL)
        return NULL;
    block->owner = commit;
    block->size = size;
    block->count = 0;
    commit_ticket_init(&block->ticket, commit->api->commit, block->records,
                       room + RECORD_MAX);
    block->ticket.settled = settle_block;
    return block;
}

void batch_commit_expect(struct batch_commit *commit, size_t bytes)
{
    commit->expected = bytes;
}

bool batch_commit_add(struct batch_commit *commit,
                      const struct message *message, uint64_t line,
                      enum message_outcome *outcome)
{
    if (commit->block != NULL &&
        !commit_ticket_has_room(&commit->block->ticket))
        batch_commit_append(commit);
    if (commit->block == NULL)
        commit->block = new_block(commit);
    struct block *block = commit->block;
    if (block == NULL)
        return false;
    *outcome = commit_admit(&block->ticket, message);
    if (*outcome == MESSAGE_APPLIED && block->count++ == 0)
        block->first_line = line;
    return true;
}

void batch_commit_append(struct batch_commit *commit)
{
    struct block *block = commit->block;

    if (block == NULL)
        return;
    commit->block = NULL;
    if (block->count == 0) {
        commit_abandon(&block->ticket);
        free_block(commit->api, block);
        return;
    }
    /* First, as it may be settled at once. */
    sync_lock(&commit->lock);
    commit->pending += block->size;
    sync_unlock(&commit->lock);
    if (!commit_append(&block->ticket))
        end_block(block, COMMIT_REFUSED,
                  api_store_not_taken(commit->api).reason);
}

static bool wait_until(struct batch_commit *commit, size_t enough,
                       void (*call)(void *context), void *context)
{
    sync_lock(&commit->lock);
    bool waits = commit->pending > enough;
    if (waits) {
        commit->enough = enough;
        commit->context = context;
        commit->call = call;
    }
    sync_unlock(&commit->lock);
    return waits;
}

/*
 * Half of the bound is left to be written while the sender fills the other
 * half.
 */
bool batch_commit_hold(struct batch_commit *commit, void (*call)(void *context),
                       void *context)
{
    const struct quota *all = &commit->api->pending;

    if (quota_used(all) >= all->limit / 2)
        return wait_until(commit, 0, call, context);
    size_t most =
        commit->api->shared ? BATCH_MAX_PENDING_SHARED : BATCH_MAX_PENDING;
    return pending_of(commit) >= most &&
           wait_until(commit, most / 2, call, context);
}

bool batch_commit_wait(struct batch_commit *commit, void (*call)(void *context),
                       void *context)
{
    return wait_until(commit, 0, call, context);
}

struct batch_settled batch_commit_settled(struct batch_commit *commit)
{
    sync_lock(&commit->lock);
    struct batch_settled settled = commit->settled;
    sync_unlock(&commit->lock);
    return settled;
}
