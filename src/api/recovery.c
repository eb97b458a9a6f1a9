/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time that is left is estimated from what is done so far: a replay reads
 * at an even speed. In the first second too little is known: it would be many
 * times too long, and so would Retry-After.
 */
#include "recovery.h"

#include <stdio.h>

#include "base/clock.h"
#include "http/problem.h"

enum { ESTIMATES_AFTER = 1 /* seconds of the recovery */ };

/* One reading of the progress, which another thread sets. */
struct progress {
    bool known;
    unsigned percent;
    uint64_t seconds_left; /* rounded up; 0: not known */
};

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
    atomic_store(&api->recovery.running, false);
}

static struct progress read_progress(const struct api *api)
{
    const struct api_recovery *recovery = &api->recovery;
    uint64_t done = atomic_load(&recovery->done);
    uint64_t total = atomic_load(&recovery->total);
    double seconds =
        (double)(clock_us(CLOCK_MONOTONIC) - atomic_load(&recovery->began)) /
        1e6;

    if (done == 0 || done > total)
        return (struct progress){.known = false};
    double part = (double)done / (double)total;
    return (struct progress){
        .known = true,
        .percent = (unsigned)(100 * part),
        .seconds_left = seconds < ESTIMATES_AFTER
                            ? 0
                            : (uint64_t)(seconds * (1 - part) / part) + 1,
    };
}

void recovery_describe(const struct api *api, char text[RECOVERY_TEXT])
{
    struct progress progress = read_progress(api);

    if (progress.known && progress.seconds_left == 0)
        snprintf(text, RECOVERY_TEXT,
                 "the state is being recovered: %u %% done", progress.percent);
    else if (progress.known)
        snprintf(text, RECOVERY_TEXT,
                 "the state is being recovered: %u %% done, about %ju s left",
                 progress.percent, (uintmax_t)progress.seconds_left);
    else
        snprintf(text, RECOVERY_TEXT, "the state is being recovered");
}

/* In steps of static texts: this works without memory as well. */
const char *recovery_retry_after(const struct api *api)
{
    uint64_t left = read_progress(api).seconds_left;

    if (left <= 1)
        return "1";
    if (left <= 5)
        return "5";
    return left <= 10 ? "10" : "30";
}

void recovery_refuse(const struct api *api, struct http_response *response)
{
    char text[RECOVERY_TEXT];

    recovery_describe(api, text);
    problem_set(response, 503, "%s", text);
    http_response_header(response, "Retry-After", recovery_retry_after(api));
}
