/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All latencies are kept, in four bytes each, so the percentiles are exact.
 */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "console.h"

const char *report_count(size_t count, char text[static REPORT_COUNT_SIZE])
{
    char digits[REPORT_COUNT_SIZE];
    int length = snprintf(digits, sizeof(digits), "%zu", count);
    char *out = text;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
    return text;
}

const char *report_rate(size_t messages, double seconds,
                        char text[static REPORT_COUNT_SIZE])
{
    /* The clock has nanoseconds, so a run cannot take less than one. */
    double rate = (double)messages / (seconds > 1e-9 ? seconds : 1e-9);

    /* The limits are where "%.2f" and "%.1f" round up to a digit more. */
    if (messages == 0)
        return report_count(0, text);
    if (rate >= 99.95)
        return report_count((size_t)(rate + 0.5), text);
    snprintf(text, REPORT_COUNT_SIZE, "%.*f", rate >= 9.995 ? 1 : 2, rate);
    return text;
}

const char *report_duration(double seconds, char text[static REPORT_COUNT_SIZE])
{
    /* From 999.95 ms on, "%.1f" rounds up to a second. */
    if (seconds < 0.99995)
        snprintf(text, REPORT_COUNT_SIZE, "%.1f ms", seconds * 1000);
    else
        snprintf(text, REPORT_COUNT_SIZE, "%.2f s", seconds);
    return text;
}

const char *report_plural(size_t count)
{
    return count == 1 ? "" : "s";
}

void report_retrying(const char *url, const char *cause, const char *advice)
{
    console_line(CONSOLE_INFO, "%s: %s; retrying every %d ms.%s%s", url, cause,
                 SENDER_RETRY_MS, advice[0] != '\0' ? " " : "", advice);
}

void report_answered(const char *url, int64_t outage)
{
    if (outage > 0)
        console_line(CONSOLE_INFO, "%s: answered again after %.1f s", url,
                     (double)outage / (double)CLOCK_SECOND);
}

/*
 * What matters most comes first: a narrow terminal shows only the start. In an
 * outage the rate would say nothing.
 */
void report_progress(const struct plan *plan,
                     const struct sender_counts *counts)
{
    char delivered[REPORT_COUNT_SIZE];
    char total[REPORT_COUNT_SIZE];
    char rate[REPORT_COUNT_SIZE];
    char retries[REPORT_COUNT_SIZE];
    char waiting[REPORT_COUNT_SIZE];
    char state[2 * REPORT_COUNT_SIZE];

    if (counts->outage == 0)
        snprintf(state, sizeof(state), "%s/s",
                 report_rate(counts->delivered, counts->seconds, rate));
    else if (counts->status == 0)
        snprintf(state, sizeof(state), "no answer for %.0f s", counts->outage);
    else
        snprintf(state, sizeof(state), "status %ld for %.0f s", counts->status,
                 counts->outage);
    console_progress("%s of %s message%s, %s, retries %s, waiting %s",
                     report_count(counts->delivered, delivered),
                     report_count(plan->count, total),
                     report_plural(plan->count), state,
                     report_count(counts->retries, retries),
                     report_count(counts->waiting, waiting));
}

void report_verify_progress(size_t read, size_t rockets)
{
    char left[REPORT_COUNT_SIZE];
    char right[REPORT_COUNT_SIZE];

    console_progress("verifying %s of %s rocket%s", report_count(read, left),
                     report_count(rockets, right), report_plural(rockets));
}

uint32_t report_percentile(const uint32_t *sorted, size_t count,
                           unsigned per_mille)
{
    size_t rank = (count * per_mille + 999) / 1000;

    return sorted[rank > 0 ? rank - 1 : 0];
}

static int compare_latencies(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;

    return a < b ? -1 : a > b;
}

static void print_percentiles(const uint32_t *sorted, size_t count)
{
    static const struct {
        const char *name;
        unsigned per_mille;
    } ROWS[] = {{"p50", 500},
                {"p90", 900},
                {"p99", 990},
                {"p99.9", 999},
                {"max", 1000}};

    printf("latency     ");
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
        printf("%s%s %.2f ms", i > 0 ? ", " : "", ROWS[i].name,
               report_percentile(sorted, count, ROWS[i].per_mille) / 1000.0);
    putchar('\n');
}

static int print_latencies(const uint32_t *latencies, size_t count)
{
    uint32_t *sorted = calloc(count + 1, sizeof(*sorted));
    size_t delivered = 0;

    if (sorted == NULL)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (latencies[i] != SENDER_UNDELIVERED)
            sorted[delivered++] = latencies[i];
    qsort(sorted, delivered, sizeof(*sorted), compare_latencies);
    if (delivered > 0)
        print_percentiles(sorted, delivered);
    free(sorted);
    return 0;
}

int report_sent(const struct plan *plan, const struct sender_counts *counts,
                const uint32_t *latencies)
{
    size_t undelivered = plan->count - counts->delivered;
    char text[REPORT_COUNT_SIZE];

    printf("delivered   %s message%s", report_count(counts->delivered, text),
           report_plural(counts->delivered));
    printf(" in %s, ", report_duration(counts->seconds, text));
    printf("%s messages/s\n",
           report_rate(counts->delivered, counts->seconds, text));
    if (undelivered > 0)
        printf("undelivered %s message%s\n", report_count(undelivered, text),
               report_plural(undelivered));
    if (plan->duplicates > 0)
        printf("duplicates  %s of them\n",
               report_count(plan->duplicates, text));
    printf("retries     %s\n", report_count(counts->retries, text));
    return print_latencies(latencies, plan->count);
}
