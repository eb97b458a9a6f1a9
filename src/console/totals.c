/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of the log: a sentence in text, fields in JSON.
 */
#include "console/totals.h"

#include <stdio.h>

#include "base/log.h"
#include "base/readable.h"

static struct log_field field(const char *name, uint64_t value)
{
    return (struct log_field){name, LOG_LEFT_OUT, LOG_NUMBER, .number = value};
}

void totals_log(const struct totals *totals)
{
    struct readable_number messages[API_RESULT_COUNT];
    struct readable_path data = {""};
    char written[64] = "", unknown[64] = "";

    const char *kept = totals->topic != NULL  ? ", kept in topic "
                       : totals->data != NULL ? ", kept in "
                                              : "";

    for (size_t i = 0; i < API_RESULT_COUNT; i++)
        messages[i] = readable_number(totals->messages[i]);
    if (totals->data != NULL) {
        data = readable_path(totals->data);
        snprintf(written, sizeof(written), ", %s not written",
                 messages[API_NOT_WRITTEN].text);
    }
    if (totals->messages[API_UNKNOWN] > 0)
        snprintf(unknown, sizeof(unknown), ", %s perhaps written",
                 messages[API_UNKNOWN].text);
    const struct log_field fields[] = {
        field("uptimeSeconds", totals->seconds),
        field("requests", totals->requests),
        field("refused", totals->refused),
        field("applied", totals->messages[API_APPLIED]),
        field("duplicate", totals->messages[API_DUPLICATE]),
        field("stale", totals->messages[API_STALE]),
        field("rejected", totals->messages[API_REJECTED]),
        field("withoutMemory", totals->messages[API_NO_MEMORY]),
        field("notWritten", totals->messages[API_NOT_WRITTEN]),
        field("unknown", totals->messages[API_UNKNOWN]),
        field("rockets", totals->rockets),
        {"data", LOG_LEFT_OUT, totals->data != NULL ? LOG_STRING : LOG_NULL,
         .string = data.text},
        {"topic", LOG_LEFT_OUT, totals->topic != NULL ? LOG_STRING : LOG_NULL,
         .string = totals->topic},
    };
    log_event(
        LOG_INFO, fields, sizeof(fields) / sizeof(fields[0]),
        "stopped after %s: %s requests, %s refused; messages: %s applied, "
        "%s duplicate, %s stale, %s rejected, %s without memory%s%s; "
        "%s rockets%s%s",
        readable_time(totals->seconds).text,
        readable_number(totals->requests).text,
        readable_number(totals->refused).text, messages[API_APPLIED].text,
        messages[API_DUPLICATE].text, messages[API_STALE].text,
        messages[API_REJECTED].text, messages[API_NO_MEMORY].text, written,
        unknown, readable_number(totals->rockets).text, kept,
        totals->topic != NULL ? totals->topic : data.text);
}
