/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cannot be written is a disk, or brokers if the journal is shared. The
 * journal knows best why; what is said here is for the moments in which it has
 * no problem any more, or none yet.
 */
#include "api_store.h"

#include "base/buffer.h"
#include "domain/message.h"
#include "http/deferred.h"
#include "store/store.h"
#include "table/table.h"
#include "table/table_changes.h"

void api_store_wake(struct api *api, struct http_waiter *waiter)
{
    waiter->next = api->settled;
    api->settled = waiter;
}

/* Why nothing can be written now; NULL: it can, as far as is known. */
static const char *find_problem(const struct api *api)
{
    struct journal_shared_status shared;
    struct journal_status status;

    if (api->shared) {
        store_shared_status(api->store, &shared);
        if (shared.halted != NULL)
            return shared.halted;
    }
    store_status(api->store, &status);
    return status.problem;
}

struct api_store_refusal api_store_not_taken(const struct api *api)
{
    if (!api->shared)
        return (struct api_store_refusal){"too many messages wait for the disk",
                                          API_STORE_BUSY_RETRY};
    /* A journal that knows that its brokers are away takes nothing. */
    const char *problem = find_problem(api);
    if (problem != NULL)
        return (struct api_store_refusal){problem, API_STORE_PROBLEM_RETRY};
    return (struct api_store_refusal){"too many messages wait for the brokers",
                                      API_STORE_BUSY_RETRY};
}

struct api_store_refusal api_store_not_written(const struct api *api)
{
    const char *problem = find_problem(api);

    if (problem == NULL)
        problem = api->shared ? "the brokers could not write it for a moment"
                              : "the disk could not be written for a moment";
    return (struct api_store_refusal){problem, API_STORE_PROBLEM_RETRY};
}

uint64_t api_store_position(const struct api *api)
{
    struct journal_status status;

    store_status(api->store, &status);
    return status.position;
}

/*
 * The table may have the message already while the journal still counts the
 * group that it came with. So the revision of its rocket counts too.
 */
uint64_t api_store_position_of(const struct api *api,
                               const struct message *message)
{
    uint64_t position = api_store_position(api);
    const struct table_entry *entry =
        table_find_entry(api->table, message->channel);
    uint64_t revision =
        entry != NULL ? table_read_revision(api->table, entry) : 0;

    return revision > position ? revision : position;
}

void api_store_put_position(const struct api *api, uint64_t position,
                            struct http_response *response)
{
    char room[24]; /* it has at most 20 digits, so the buffer never grows */
    struct buffer text = {.data = room, .capacity = sizeof(room)};

    if (!api->shared)
        return;
    buffer_append_unsigned(&text, position);
    http_response_header_copy(response, "Lunar-Position", buffer_text(&text));
}
