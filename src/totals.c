/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers and times as people read them.
 */
#include "totals.h"

#include <stdio.h>

#include "base/log.h"

/* UINT64_MAX with its commas and a NUL. */
enum { MAX_NUMBER = 27 };

/* A number with a comma before each three digits. */
struct number {
    char text[MAX_NUMBER];
};

static struct number write_number(uint64_t value)
{
    struct number number = {""};
    char digits[MAX_NUMBER];
    int length = snprintf(digits, sizeof(digits), "%ju", (uintmax_t)value);
    size_t end = 0;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            number.text[end++] = ',';
        number.text[end++] = digits[i];
    }
    return number;
}

/* In its two largest units, as in "3 h 12 min". */
static void write_time(uint64_t seconds, char *out, size_t size)
{
    static const struct {
        const char *name;
        uint64_t seconds;
    } units[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
    size_t i = 0;

    while (i < 3 && seconds < units[i].seconds)
        i++;
    int length =
        snprintf(out, size, "%ju %s", (uintmax_t)(seconds / units[i].seconds),
                 units[i].name);
    if (i < 3)
        snprintf(out + length, size - (size_t)length, " %ju %s",
                 (uintmax_t)(seconds % units[i].seconds / units[i + 1].seconds),
                 units[i + 1].name);
}

static struct log_field field(const char *name, uint64_t value)
{
    return (struct log_field){name, LOG_LEFT_OUT, LOG_NUMBER, .number = value};
}

void totals_log(const struct totals *totals)
{
    struct number messages[API_RESULT_COUNT];
    char time[64];

    for (size_t i = 0; i < API_RESULT_COUNT; i++)
        messages[i] = write_number(totals->messages[i]);
    write_time(totals->seconds, time, sizeof(time));
    const struct log_field fields[] = {
        field("uptimeSeconds", totals->seconds),
        field("requests", totals->requests),
        field("refused", totals->refused),
        field("applied", totals->messages[API_APPLIED]),
        field("duplicate", totals->messages[API_DUPLICATE]),
        field("stale", totals->messages[API_STALE]),
        field("rejected", totals->messages[API_REJECTED]),
        field("withoutMemory", totals->messages[API_NO_MEMORY]),
        field("rockets", totals->rockets),
    };
    log_event(
        LOG_INFO, fields, sizeof(fields) / sizeof(fields[0]),
        "stopped after %s: %s requests, %s refused; messages: %s applied, "
        "%s duplicate, %s stale, %s rejected, %s without memory; "
        "%s rockets",
        time, write_number(totals->requests).text,
        write_number(totals->refused).text, messages[API_APPLIED].text,
        messages[API_DUPLICATE].text, messages[API_STALE].text,
        messages[API_REJECTED].text, messages[API_NO_MEMORY].text,
        write_number(totals->rockets).text);
}
