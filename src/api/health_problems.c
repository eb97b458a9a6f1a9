/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that can be wrong, a function each, which reads a few counters.
 */
#include "health_problems.h"

#include <assert.h>
#include <stdio.h>

#include "api_store.h"
#include "store/store.h"
#include "table/table.h"

static const char *find_stopping(const struct api *api,
                                 char room[RECOVERY_TEXT])
{
    (void)room;
    return atomic_load(&api->stopping)
               ? "the service is stopping: it still answers, but send new "
                 "requests to another instance"
               : NULL;
}

static const char *find_recovering(const struct api *api,
                                   char room[RECOVERY_TEXT])
{
    if (!recovery_is_running(api))
        return NULL;
    recovery_describe(api, room);
    return room;
}

/* False, with `status` untouched, if this instance has no topic. */
static bool read_shared(const struct api *api,
                        struct journal_shared_status *status)
{
    if (!api->shared)
        return false;
    store_shared_status(api->store, status);
    return true;
}

/* It applies nothing more, so what it answers gets older and older. */
static const char *find_halted(const struct api *api, char room[RECOVERY_TEXT])
{
    struct journal_shared_status shared;

    (void)room;
    return read_shared(api, &shared) ? shared.halted : NULL;
}

/* One that is halted or recovers lags as well, but that is not the cause. */
static const char *find_lagging(const struct api *api, char room[RECOVERY_TEXT])
{
    struct journal_shared_status shared;

    if (recovery_is_running(api) || !read_shared(api, &shared) ||
        shared.halted != NULL)
        return NULL;
    if (!shared.caught_up)
        return "this instance has not caught up with the topic yet, so what "
               "it answers may be old: read from another one meanwhile";
    if (shared.lag_ms <= JOURNAL_MAX_LAG_MS)
        return NULL;
    snprintf(room, RECOVERY_TEXT,
             "this instance is %ju s behind the topic, so what it answers may "
             "be old: read from another one; see its log and lag",
             (uintmax_t)(shared.lag_ms / 1000));
    return room;
}

static const char *find_not_writable(const struct api *api,
                                     char room[RECOVERY_TEXT])
{
    struct journal_status status;

    (void)room;
    if (api->store == NULL)
        return NULL;
    store_status(api->store, &status);
    return status.problem;
}

/* Reads and messages go on; but the folder grows, and so does the next start.
 */
static const char *find_no_snapshot(const struct api *api,
                                    char room[RECOVERY_TEXT])
{
    struct store_snapshot_status status;

    (void)room;
    if (api->store == NULL)
        return NULL;
    store_snapshot_status(api->store, &status);
    return status.problem;
}

#define FULL                                                                   \
    "memory for rockets is full, so messages that need more get 503: send "    \
    "missing messages, as gaps take memory, or restart with a larger "         \
    "-max-memory"

static const char *find_full(const struct api *api, char room[RECOVERY_TEXT])
{
    (void)room;
    if (!table_is_full(api->table))
        return NULL;
    return api->store != NULL ? FULL : FULL ", which loses all rockets";
}

/* The first ones prevent most. */
static const struct reason {
    /*
     * A sentence: what is wrong, and what to do. It lives as long as the store,
     * or is in `room`. NULL: nothing is wrong.
     */
    const char *(*find)(const struct api *api, char room[RECOVERY_TEXT]);
    unsigned prevents;       /* of HEALTH_READS and HEALTH_INGEST */
    const char *retry_after; /* NULL: until the recovery is likely to end */
} reasons[] = {
    {find_stopping, HEALTH_READS | HEALTH_INGEST, "5"},
    {find_recovering, HEALTH_READS | HEALTH_INGEST, NULL},
    {find_halted, HEALTH_READS | HEALTH_INGEST, "30"},
    {find_lagging, HEALTH_READS | HEALTH_INGEST, "1"},
    {find_not_writable, HEALTH_INGEST, "5"},
    {find_full, HEALTH_INGEST, "10"},
    {find_no_snapshot, 0, NULL}, /* prevents nothing yet */
};

static_assert(sizeof(reasons) / sizeof(reasons[0]) == HEALTH_PROBLEMS,
              "a text for each");

void health_problems_find(const struct api *api, unsigned uses,
                          struct health_problems *problems)
{
    problems->first = problems->retry_after = NULL;
    for (size_t i = 0; i < HEALTH_PROBLEMS; i++) {
        bool asked = uses == 0 || (reasons[i].prevents & uses) != 0;
        const char *text =
            asked ? reasons[i].find(api, problems->rooms[i]) : NULL;
        problems->texts[i] = text;
        if (text != NULL && problems->first == NULL) {
            problems->first = text;
            problems->retry_after = reasons[i].retry_after;
        }
    }
}

static_assert((int)API_PROBLEM >= (int)RECOVERY_TEXT, "for each reason");

const char *api_problem(const struct api *api, char room[API_PROBLEM])
{
    const char *problem = NULL;

    for (size_t i = 0; problem == NULL && i < HEALTH_PROBLEMS; i++)
        problem = reasons[i].find(api, room);
    return problem;
}
