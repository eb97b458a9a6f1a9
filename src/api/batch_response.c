/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After each of the responses that are not 202 the sender may send the whole
 * batch again: lines that were applied are then duplicates. So the details say
 * how far it got, and no more.
 */
#include "batch_response.h"

#include <stdio.h>

#include "api_store.h"
#include "http/problem.h"

/* Some lines were rejected, and none was a message. */
static bool is_nothing_taken(const struct batch_counts *counts)
{
    return counts->rejected > 0 && counts->applied == 0 &&
           counts->duplicate == 0 && counts->stale == 0;
}

/* Add to the response's note how many lines were rejected, and why. */
static void note_rejected(const struct batch *batch,
                          struct http_response *response)
{
    const struct batch_counts counts = batch_counts(batch);
    const struct batch_error *first = batch_first_error(batch);
    uint64_t lines = counts.applied + counts.duplicate + counts.stale +
                     counts.rejected + counts.not_taken + counts.unknown;
    const char *note = response->note;

    if (counts.rejected > 0)
        http_response_note(
            response,
            "%s%s%ju of %ju lines rejected, the first is line %ju: %s",
            note != NULL ? note : "", note != NULL ? "; " : "",
            (uintmax_t)counts.rejected, (uintmax_t)lines,
            (uintmax_t)first->line, first->detail);
}

#define ALL_AGAIN "it is safe to send the whole batch again"

/* Nobody has confirmed in time that some lines are written. */
static void respond_unknown(const struct batch_counts *counts,
                            struct http_response *response)
{
    char others[256] = "";

    if (counts->not_taken > 0)
        snprintf(others, sizeof(others),
                 "%ju others were not taken, the first of them line %ju; ",
                 (uintmax_t)counts->not_taken,
                 (uintmax_t)counts->first_not_taken);
    problem_set(response, 503,
                "the brokers have not confirmed in time that %ju lines are "
                "written, the first of them line %ju: these are perhaps "
                "applied, now or later; %s" ALL_AGAIN,
                (uintmax_t)counts->unknown, (uintmax_t)counts->first_unknown,
                others);
    http_response_header(response, "Retry-After", API_STORE_BUSY_RETRY);
}

static void respond_not_taken(const struct batch_counts *counts,
                              struct http_response *response)
{
    if (counts->unknown > 0) {
        respond_unknown(counts, response);
        return;
    }
    problem_set(response, 503,
                "%s: %ju lines were not taken, the first of them line "
                "%ju; " ALL_AGAIN,
                counts->reason, (uintmax_t)counts->not_taken,
                (uintmax_t)counts->first_not_taken);
    http_response_header(response, "Retry-After",
                         counts->no_memory > 0 ? "10"
                                               : API_STORE_PROBLEM_RETRY);
}

static bool is_whole(const struct batch_counts *counts)
{
    return counts->not_taken == 0 && counts->unknown == 0;
}

static void respond_nothing_taken(const struct batch *batch,
                                  struct http_response *response)
{
    const char *mistake = batch_likely_mistake(batch);
    struct buffer members = BUFFER_INIT;

    batch_write(batch, &members);
    problem_set_extended(
        response, 400, &members, "no line of the batch is a message: %s",
        mistake != NULL ? mistake : "\"errors\" says why for each");
    buffer_release(&members);
    if (mistake == NULL)
        http_response_note(response, "no line of the batch is a message");
}

void batch_respond(const struct batch *batch, struct http_response *response)
{
    const struct batch_counts counts = batch_counts(batch);

    if (!is_whole(&counts)) {
        respond_not_taken(&counts, response);
    } else if (is_nothing_taken(&counts)) {
        respond_nothing_taken(batch, response);
    } else {
        response->status = 202;
        http_response_header(response, "Content-Type", "application/json");
        buffer_append(&response->body, TEXT("{"));
        batch_write(batch, &response->body);
        buffer_append(&response->body, TEXT("}"));
        api_store_put_position(batch_api(batch), counts.position, response);
    }
    note_rejected(batch, response);
}

/* What follows a reason. */
#define HOW_FAR ", after %ju complete lines; " ALL_AGAIN

void batch_respond_broken(const struct batch *batch,
                          struct http_response *response, const char *reason)
{
    const struct batch_counts counts = batch_counts(batch);
    struct buffer members = BUFFER_INIT;

    if (!is_whole(&counts)) {
        respond_not_taken(&counts, response);
    } else {
        batch_write(batch, &members);
        problem_set_extended(response, 400, &members, "%s" HOW_FAR, reason,
                             (uintmax_t)batch_lines(batch));
        buffer_release(&members);
    }
    note_rejected(batch, response);
}

void batch_respond_unavailable(const struct batch *batch,
                               struct http_response *response,
                               const char *reason)
{
    problem_set(response, 503, "%s" HOW_FAR, reason,
                (uintmax_t)batch_lines(batch));
    http_response_header(response, "Retry-After", "5");
    note_rejected(batch, response);
}
