/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All latencies are kept, in four bytes each, so the percentiles are exact.
 */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>

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

static double delivery_rate(const struct sender_counts *counts)
{
    return counts->seconds > 0 ? (double)counts->delivered / counts->seconds
                               : 0;
}

void report_progress(const struct plan *plan,
                     const struct sender_counts *counts)
{
    char delivered[REPORT_COUNT_SIZE];
    char total[REPORT_COUNT_SIZE];
    char speed[REPORT_COUNT_SIZE];
    char retries[REPORT_COUNT_SIZE];

    console_progress("%s of %s messages, %s/s, %s retries, %zu waiting",
                     report_count(counts->delivered, delivered),
                     report_count(plan->count, total),
                     report_count((size_t)delivery_rate(counts), speed),
                     report_count(counts->retries, retries), counts->waiting);
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

    printf("delivered   %s messages", report_count(counts->delivered, text));
    printf(" in %.2f s, ", counts->seconds);
    printf("%s messages/s\n",
           report_count((size_t)delivery_rate(counts), text));
    if (undelivered > 0)
        printf("undelivered %s messages\n", report_count(undelivered, text));
    if (plan->duplicates > 0)
        printf("duplicates  %s of them\n",
               report_count(plan->duplicates, text));
    printf("retries     %s\n", report_count(counts->retries, text));
    return print_latencies(latencies, plan->count);
}
