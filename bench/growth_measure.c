/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First fills a table with launches. The last nine tenths of them are timed
 * one by one. Then reads the resident memory, and then times messages and
 * lists. The messages are of rockets in a scattered order, as messages of
 * many independent senders are.
 */
#include "growth_measure.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "domain/message_parse.h"
#include "flags.h"
#include "parts_allocations.h"
#include "parts_fleet.h"
#include "parts_lists.h"
#include "parts_measure.h"

enum {
    PAGE = 50,
    APPLIED = 200000, /* messages that are only applied */
    PARSED = 100000,  /* messages that are parsed and applied */
    /*
     * A message with an allocation of at least this size made an array of a
     * stripe grow, nearly always the slots. All other allocations are
     * smaller. So are the arrays of small stripes, whose growth costs little.
     */
    GROWTH_BYTES = 4096,
    MOST_GROWTHS = 16 * TABLE_STRIPES,
    /* Nanoseconds; slower messages are checked for time without a CPU. */
    SUSPICIOUS = 5000,
};

/* Durations of messages, in nanoseconds. */
struct samples {
    uint32_t *times;
    size_t count, capacity;
};

/* The launches that are timed while the table grows. */
struct pace {
    struct samples all;
    struct samples growing; /* launches that made a stripe grow */
    uint64_t longest;       /* of `all`, without waiting for a CPU */
    /* Both clocks, at the time when they were last read together. */
    uint64_t now, thread_time;
};

/* Touches all its memory, so that it does not count as the table's later. */
static void samples_init(struct samples *samples, size_t capacity)
{
    size_t size = capacity * sizeof(*samples->times);

    *samples = (struct samples){parts_allocate(size), 0, capacity};
    memset(samples->times, 1, size);
}

static void add_sample(struct samples *samples, uint64_t time)
{
    if (samples->count == samples->capacity)
        die("more than %zu messages made a stripe grow", samples->capacity);
    samples->times[samples->count++] =
        time > UINT32_MAX ? UINT32_MAX : (uint32_t)time;
}

static void read_clocks(struct pace *pace)
{
    pace->now = parts_now();
    pace->thread_time = parts_thread_time();
}

/*
 * `took` without the time in which this thread did not run. All such time
 * since the clocks were last read is attributed to this message. That is
 * right: if an earlier message had waited, it would have been suspicious too,
 * and the clocks would have been read then.
 */
static uint64_t without_waiting(struct pace *pace, uint64_t took)
{
    uint64_t now = pace->now, thread_time = pace->thread_time;

    read_clocks(pace);
    uint64_t passed = pace->now - now;
    uint64_t ran = pace->thread_time - thread_time;
    uint64_t waited = passed > ran ? passed - ran : 0;
    return took > waited ? took - waited : 0;
}

static void time_message(struct pace *pace, struct table *table,
                         const struct message *message)
{
    parts_allocations_start();
    uint64_t begun = parts_now();
    enum message_outcome result = table_apply(table, message);
    uint64_t took = parts_now() - begun;
    bool grew = parts_allocations_stop().largest >= GROWTH_BYTES;

    if (result != MESSAGE_APPLIED)
        die("a launch was not applied");
    add_sample(&pace->all, took);
    if (took > SUSPICIOUS)
        took = without_waiting(pace, took);
    if (took > pace->longest)
        pace->longest = took;
    if (grew)
        add_sample(&pace->growing, took);
}

static void launch_timed(struct pace *pace, struct parts_fleet *fleet,
                         struct table *table, uint32_t first, uint32_t end)
{
    struct parts_delivery deliveries[PARTS_BLOCK];

    while (first < end) {
        uint32_t count = end - first < PARTS_BLOCK ? end - first : PARTS_BLOCK;
        for (uint32_t i = 0; i < count; i++)
            deliveries[i] = (struct parts_delivery){first + i, 1};
        const struct message *messages =
            parts_fleet_block(fleet, deliveries, count);
        read_clocks(pace);
        for (uint32_t i = 0; i < count; i++)
            time_message(pace, table, &messages[i]);
        first += count;
    }
}

static int compare_samples(const void *first, const void *second)
{
    uint32_t a = *(const uint32_t *)first, b = *(const uint32_t *)second;

    return (a > b) - (a < b);
}

/* A quantile, 0 to 1, in microseconds; -1 if there are no samples. */
static double quantile(const struct samples *sorted, double fraction)
{
    if (sorted->count == 0)
        return -1;
    size_t index = (size_t)(fraction * (double)(sorted->count - 1));
    return sorted->times[index] / 1e3;
}

static void sort_samples(struct samples *samples)
{
    qsort(samples->times, samples->count, sizeof(*samples->times),
          compare_samples);
}

static void report_pace(struct pace *pace, double results[])
{
    sort_samples(&pace->all);
    sort_samples(&pace->growing);
    results[GROWTH_MEDIAN] = quantile(&pace->all, 0.5);
    results[GROWTH_P999] = quantile(&pace->all, 0.999);
    results[GROWTH_LONGEST_WALL] = quantile(&pace->all, 1);
    results[GROWTH_LONGEST] = (double)pace->longest / 1e3;
    results[GROWTH_GROW_MEDIAN] = quantile(&pace->growing, 0.5);
    results[GROWTH_GROW_LONGEST] = quantile(&pace->growing, 1);
}

/* The resident memory of the table is the growth of the process. */
static struct table *fill_table(struct parts_fleet *fleet, uint32_t rockets,
                                double results[])
{
    struct pace pace = {0};
    uint32_t timed = rockets - rockets / 10;
    struct table *table = parts_table_new();

    /* Warm up: memory that is allocated only once is not the rockets'. */
    parts_fleet_launch(fleet, table, 0, 1);
    table_free(table);
    samples_init(&pace.all, timed);
    samples_init(&pace.growing, MOST_GROWTHS);

    uint64_t before = parts_resident();
    table = parts_table_new();
    parts_fleet_launch(fleet, table, 0, rockets - timed);
    launch_timed(&pace, fleet, table, rockets - timed, rockets);
    results[GROWTH_RESIDENT] = (double)(parts_resident() - before) / rockets;
    if (table_count(table) != rockets)
        die("expected %u rockets, got %zu", rockets, table_count(table));
    report_pace(&pace, results);
    free(pace.all.times);
    free(pace.growing.times);
    return table;
}

/*
 * The message number `index` after all launches: one message of each rocket
 * in turn, then the next of each. The step and `rockets`, a power of ten, are
 * coprime, so each turn has all rockets, and consecutive messages are of
 * rockets far apart.
 */
static struct parts_delivery delivery_at(uint32_t rockets, uint64_t index)
{
    static const uint64_t step = 618033989;

    return (struct parts_delivery){
        .rocket = (uint32_t)(index * step % rockets),
        .number = (uint32_t)(2 + index / rockets),
    };
}

static void measure_applied(struct parts_fleet *fleet, struct table *table,
                            uint32_t rockets, double results[])
{
    struct parts_delivery *deliveries =
        parts_allocate(APPLIED * sizeof(*deliveries));

    for (size_t i = 0; i < APPLIED; i++)
        deliveries[i] = delivery_at(rockets, i);
    results[GROWTH_APPLIED] =
        (double)parts_fleet_apply(fleet, table, deliveries, APPLIED) / APPLIED;
    free(deliveries);
}

static void parse_and_apply(struct table *table, struct text text)
{
    struct parsed_message parsed;

    if (message_parse(text, &parsed) != PARSE_OK ||
        table_apply(table, &parsed.message) != MESSAGE_APPLIED)
        die("not applied: %.*s", (int)text.length, text.data);
    message_parse_release(&parsed);
}

static void measure_parsed(const struct parts_fleet *fleet, struct table *table,
                           uint32_t rockets, double results[])
{
    enum { BLOCK = 100 };
    static char texts[BLOCK][TRAFFIC_TEXT_SIZE];
    size_t lengths[BLOCK];
    uint64_t took = 0;

    for (size_t done = 0; done < PARSED; done += BLOCK) {
        for (size_t i = 0; i < BLOCK; i++)
            lengths[i] = parts_fleet_render(
                fleet, delivery_at(rockets, APPLIED + done + i), texts[i]);
        uint64_t begun = parts_now();
        for (size_t i = 0; i < BLOCK; i++)
            parse_and_apply(table, (struct text){texts[i], lengths[i]});
        took += parts_now() - begun;
    }
    results[GROWTH_PARSED] = (double)took / PARSED;
}

static void measure_lists(struct table *table, double results[])
{
    static const char top[] = "sort=speed&order=desc&limit=50";
    static const char whole[] = "sort=speed&order=desc";
    char middle[PARTS_MAX_QUERY];
    struct parts_list list;
    uint64_t bytes;

    parts_list_time(table, top, PAGE);
    results[GROWTH_TOP] = (double)parts_list_time(table, top, PAGE) / 1e6;
    parts_list_middle(table, whole, middle);
    results[GROWTH_MIDDLE] = (double)parts_list_time(table, middle, PAGE) / 1e6;
    parts_list_open(&list, table, whole, table_count(table));
    results[GROWTH_WHOLE] =
        (double)(list.took + parts_list_write(&list, &bytes)) / 1e6;
    parts_list_close(&list);
}

void growth_measure(const void *context, double results[])
{
    const struct growth_task *task = context;
    struct parts_fleet *fleet = parts_fleet_new(false);
    struct table *table = fill_table(fleet, task->rockets, results);

    measure_applied(fleet, table, task->rockets, results);
    measure_parsed(fleet, table, task->rockets, results);
    measure_lists(table, results);
    /* The child process ends now, so the table is not freed. */
}
