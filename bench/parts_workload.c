/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The benchmark of the reference solution. An operation applies 100, 1,000 or
 * 10,000 messages of ten rockets, in random order, to a new table, with one,
 * two or four workers. Each worker takes the next message as soon as it has
 * finished one, and does all that the service does with the body of a POST,
 * up to the body of the response. Afterwards the table must have applied
 * every message.
 */
#include "parts.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/operations.h"
#include "flags.h"
#include "http/request.h"
#include "http/response.h"
#include "parts_allocations.h"
#include "parts_fleet.h"
#include "parts_measure.h"
#include "parts_pool.h"
#include "traffic.h"

enum {
    ROCKETS = 10,
    SIZES = 3,
    WORKER_COUNTS = 3,
    MOST_WORKERS = 4,
    ROUND_MESSAGES = 40000, /* messages of all operations of a round */
    SHAPES = SIZES * WORKER_COUNTS,
};

static const uint32_t sizes[SIZES] = {100, 1000, 10000};
static const unsigned worker_counts[WORKER_COUNTS] = {1, 2, 4};

/* The columns of the table. */
enum { RATE, LATENCY, WITH_TABLE, BYTES, ALLOCATIONS, COLUMNS };

static const char *const columns[COLUMNS] = {
    [RATE] = "messages/s",
    [LATENCY] = "µs an operation",
    [WITH_TABLE] = "µs with a new table",
    [BYTES] = "bytes an operation",
    [ALLOCATIONS] = "allocations an operation",
};

/* The bodies of one size, in the order in which workers take them. */
struct workload {
    uint32_t count;
    struct text *bodies;
    char *texts;
    char ids[ROCKETS][TRAFFIC_ID_SIZE];
};

/* The shared state of the workers of one operation. */
struct operation {
    const struct workload *workload;
    struct api api;
    _Alignas(64) _Atomic uint32_t next; /* index of the next message */
    _Atomic uint32_t applied;
};

static void workload_init(struct workload *workload, uint32_t count)
{
    const struct traffic_options options = {
        .seed = PARTS_SEED, .rockets = ROCKETS, .messages = count};
    uint32_t *order = parts_permutation(count);
    struct traffic traffic;
    size_t used = 0;

    if (traffic_init(&traffic, &options) != 0)
        die("no memory for messages");
    workload->count = count;
    workload->bodies = parts_allocate(count * sizeof(*workload->bodies));
    workload->texts = parts_allocate(count * (size_t)TRAFFIC_TEXT_SIZE);
    for (uint32_t i = 0; i < count; i++) {
        char *text = &workload->texts[used];
        size_t length =
            traffic_render(&traffic, &traffic.messages[order[i]], text);
        workload->bodies[i] = (struct text){text, length};
        used += length + 1;
    }
    for (size_t i = 0; i < ROCKETS; i++)
        memcpy(workload->ids[i], traffic.rockets[i].id, TRAFFIC_ID_SIZE);
    traffic_release(&traffic);
    free(order);
}

static void workload_release(struct workload *workload)
{
    free(workload->texts);
    free(workload->bodies);
}

static bool is_applied(const struct http_response *response)
{
    static const char end[] = "\"applied\"}";
    struct text body = buffer_text(&response->body);
    size_t length = sizeof(end) - 1;

    return response->status == 202 && body.length >= length &&
           memcmp(body.data + body.length - length, end, length) == 0;
}

/* The work of one worker in an operation. */
static void post_messages(void *context)
{
    struct operation *operation = context;
    const struct workload *workload = operation->workload;
    struct http_request request = {
        .method = HTTP_POST,
        .path = TEXT("/messages"),
        .fields = {.host = TEXT("localhost:8088"),
                   .content_type = TEXT("application/json")},
    };
    struct http_response response;
    uint32_t applied = 0, i;

    while ((i = atomic_fetch_add(&operation->next, 1)) < workload->count) {
        request.body = workload->bodies[i];
        http_response_init(&response);
        messages_post(&operation->api, &request, &response);
        applied += is_applied(&response);
        http_response_release(&response);
    }
    atomic_fetch_add(&operation->applied, applied);
}

/* Die unless the state of the rockets shows that all messages are applied. */
static void check_operation(const struct operation *operation)
{
    const struct workload *workload = operation->workload;
    struct rocket_view view;
    uint64_t messages = 0;

    for (size_t i = 0; i < ROCKETS; i++) {
        if (!table_find(operation->api.table, text_of(workload->ids[i]),
                        &view) ||
            view.missing != 0)
            die("workload: a rocket has missing messages");
        messages += view.last_number;
    }
    if (operation->applied != workload->count || messages != workload->count)
        die("workload: expected %u messages to be applied, got %u",
            workload->count, operation->applied);
}

struct times {
    /* Nanoseconds. */
    uint64_t operation;
    uint64_t table; /* to create and to free it */
};

static struct times run_operation(struct parts_pool *pool, unsigned workers,
                                  const struct workload *workload)
{
    struct operation operation = {.workload = workload};
    uint64_t begun = parts_now();

    api_init(&operation.api, parts_table_new(), NULL);
    uint64_t made = parts_now();
    parts_pool_run(pool, workers, post_messages, &operation);
    uint64_t done = parts_now();
    check_operation(&operation);
    uint64_t checked = parts_now();
    table_free(operation.api.table);
    return (struct times){.operation = done - made,
                          .table = made - begun + parts_now() - checked};
}

/* The allocations of one operation, without those of the table. */
static struct parts_allocations
count_allocations(struct parts_pool *pool, unsigned workers,
                  const struct workload *workload)
{
    struct operation operation = {.workload = workload};

    api_init(&operation.api, parts_table_new(), NULL);
    parts_allocations_start();
    parts_pool_run(pool, workers, post_messages, &operation);
    struct parts_allocations allocations = parts_allocations_stop();
    check_operation(&operation);
    table_free(operation.api.table);
    return allocations;
}

/* `figures` is the row of one size and number of workers. */
static void measure_shape(struct parts_pool *pool, unsigned workers,
                          const struct workload *workload,
                          struct parts_figure figures[COLUMNS])
{
    uint32_t operations = ROUND_MESSAGES / workload->count;
    double operation = 0, table = 0;

    run_operation(pool, workers, workload);
    for (uint32_t i = 0; i < operations; i++) {
        struct times times = run_operation(pool, workers, workload);
        operation += (double)times.operation;
        table += (double)times.table;
    }
    operation /= operations;
    table /= operations;
    parts_figure_add(&figures[RATE], workload->count * 1e9 / operation);
    parts_figure_add(&figures[LATENCY], operation / 1e3);
    parts_figure_add(&figures[WITH_TABLE], (operation + table) / 1e3);
    if (!parts_allocations_work())
        return;
    struct parts_allocations allocations =
        count_allocations(pool, workers, workload);
    parts_figure_add(&figures[BYTES], (double)allocations.bytes);
    parts_figure_add(&figures[ALLOCATIONS], (double)allocations.count);
}

/* The cost of an operation without messages. */
static void measure_table(struct parts_figure figures[COLUMNS])
{
    enum { TABLES = 100 };
    uint64_t begun = parts_now();

    for (int i = 0; i < TABLES; i++)
        table_free(parts_table_new());
    parts_figure_add(&figures[WITH_TABLE],
                     (double)(parts_now() - begun) / 1e3 / TABLES);
    if (!parts_allocations_work())
        return;
    parts_allocations_start();
    table_free(parts_table_new());
    struct parts_allocations allocations = parts_allocations_stop();
    parts_figure_add(&figures[BYTES], (double)allocations.bytes);
    parts_figure_add(&figures[ALLOCATIONS], (double)allocations.count);
}

static void name_figures(struct parts_figure figures[][COLUMNS],
                         char names[][64])
{
    for (size_t row = 0; row <= SHAPES; row++) {
        if (row == SHAPES)
            snprintf(names[row], sizeof(names[row]), "a table and no message");
        else
            snprintf(names[row], sizeof(names[row]), "%u messages, %u worker%s",
                     sizes[row / WORKER_COUNTS],
                     worker_counts[row % WORKER_COUNTS],
                     row % WORKER_COUNTS == 0 ? "" : "s");
        for (size_t column = 0; column < COLUMNS; column++)
            figures[row][column] = (struct parts_figure){
                .item = names[row], .column = columns[column]};
    }
}

void parts_workload(const struct parts_options *options)
{
    struct parts_figure figures[SHAPES + 1][COLUMNS];
    char names[SHAPES + 1][64];
    struct workload workloads[SIZES];
    struct parts_pool *pool = parts_pool_new(MOST_WORKERS - 1);

    name_figures(figures, names);
    for (size_t i = 0; i < SIZES; i++)
        workload_init(&workloads[i], sizes[i]);
    for (unsigned round = 0; round < options->rounds; round++) {
        for (size_t i = 0; i < SHAPES; i++)
            measure_shape(pool, worker_counts[i % WORKER_COUNTS],
                          &workloads[i / WORKER_COUNTS], figures[i]);
        measure_table(figures[SHAPES]);
    }
    for (size_t i = 0; i < SIZES; i++)
        workload_release(&workloads[i]);
    parts_pool_free(pool);
    parts_report(options->format, "workload", "Ten rockets, shuffled",
                 figures[0], (size_t)(SHAPES + 1) * COLUMNS);
}
