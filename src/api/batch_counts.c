/* SPDX-License-Identifier: Apache-2.0 */
#include "batch_counts.h"

#include "api/api.h"
#include "base/metrics.h"
#include "batch_commit.h"
#include "domain/message.h"

void batch_counts_not_taken(struct batch_counts *counts, uint64_t count,
                            uint64_t line, const char *reason)
{
    if (count == 0)
        return;
    counts->not_taken += count;
    if (counts->first_not_taken == 0 || line < counts->first_not_taken) {
        counts->first_not_taken = line;
        counts->reason = reason;
    }
}

void batch_counts_add_settled(struct batch_counts *counts,
                              const struct batch_settled *settled)
{
    counts->applied += settled->outcomes[MESSAGE_APPLIED];
    counts->duplicate += settled->outcomes[MESSAGE_DUPLICATE];
    counts->stale += settled->outcomes[MESSAGE_STALE];
    batch_counts_not_taken(counts, settled->not_written,
                           settled->first_not_written, settled->problem);
    counts->unknown = settled->unknown;
    counts->first_unknown = settled->first_unknown;
}

static void publish(struct metric *messages, enum api_result result,
                    uint64_t count, uint64_t *counted)
{
    if (count > *counted)
        metric_add(messages, result, count - *counted);
    *counted = count;
}

/* In `counted` lines that found no memory are not among those not taken. */
void batch_counts_publish(const struct batch_counts *counts,
                          struct batch_counts *counted, struct metric *messages)
{
    publish(messages, API_APPLIED, counts->applied, &counted->applied);
    publish(messages, API_DUPLICATE, counts->duplicate, &counted->duplicate);
    publish(messages, API_STALE, counts->stale, &counted->stale);
    publish(messages, API_REJECTED, counts->rejected, &counted->rejected);
    publish(messages, API_NO_MEMORY, counts->no_memory, &counted->no_memory);
    publish(messages, API_NOT_WRITTEN, counts->not_taken - counts->no_memory,
            &counted->not_taken);
}
