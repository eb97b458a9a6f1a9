/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told is estimated from what is done so far: a recovery reads at about
 * an even speed.
 */
#include "recovery.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/estimate.h"
#include "http/problem.h"
#include "store/store.h"

void recovery_init(struct api_recovery *recovery)
{
    atomic_init(&recovery->running, false);
    atomic_init(&recovery->began, 0);
    atomic_init(&recovery->done, 0);
    atomic_init(&recovery->total, 0);
}

void api_begin_recovery(struct api *api)
{
    atomic_store(&api->recovery.began, clock_us(CLOCK_MONOTONIC));
    atomic_store(&api->recovery.running, true);
}

void api_set_progress(struct api *api, uint64_t done, uint64_t total)
{
    atomic_store(&api->recovery.total, total);
    atomic_store(&api->recovery.done, done);
}

void api_end_recovery(struct api *api)
{
    if (api->store != NULL)
        api->start = store_id(api->store);
    atomic_store(&api->recovery.running, false);
}

/*
 * Read the progress, which another thread sets. False: nothing is done yet, or
 * it was set meanwhile.
 */
static bool read_progress(const struct api *api, struct estimate *estimate)
{
    const struct api_recovery *recovery = &api->recovery;
    uint64_t done = atomic_load(&recovery->done);
    uint64_t total = atomic_load(&recovery->total);

    if (done == 0 || done > total)
        return false;
    *estimate = estimate_of(
        done, total, clock_us(CLOCK_MONOTONIC) - atomic_load(&recovery->began));
    return true;
}

void recovery_describe(const struct api *api, char text[RECOVERY_TEXT])
{
    struct estimate estimate;

    if (!read_progress(api, &estimate))
        snprintf(text, RECOVERY_TEXT, "the state is being recovered");
    else if (estimate.seconds_left == 0)
        snprintf(text, RECOVERY_TEXT,
                 "the state is being recovered: %u %% done", estimate.percent);
    else
        snprintf(text, RECOVERY_TEXT,
                 "the state is being recovered: %u %% done, about %ju s left",
                 estimate.percent, (uintmax_t)estimate.seconds_left);
}

/* In steps of static texts: this works without memory as well. */
const char *recovery_retry_after(const struct api *api)
{
    struct estimate estimate;

    if (!read_progress(api, &estimate) || estimate.seconds_left <= 1)
        return "1";
    if (estimate.seconds_left <= 5)
        return "5";
    return estimate.seconds_left <= 10 ? "10" : "30";
}

void recovery_refuse(const struct api *api, struct http_response *response)
{
    char text[RECOVERY_TEXT];

    recovery_describe(api, text);
    problem_set(response, 503, "%s", text);
    http_response_header(response, "Retry-After", recovery_retry_after(api));
}
