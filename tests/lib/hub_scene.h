/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hub without a thread, for tests: they say when it ticks, and when the
 * worker runs. The linker redirects workers_submit() to here.
 */
#ifndef LUNAR_TESTS_HUB_SCENE_H
#define LUNAR_TESTS_HUB_SCENE_H

#include "lib/event_lines.h"
#include "lib/unit_table.h"

#include "base/metrics.h"
#include "base/workers.h"
#include "live/hub_parts.h"

enum {
    HUB_SCENE_READERS = 4, /* and waits that there may be */
    ROCKETS = 1 << HUB_ROCKETS,
    LAUNCHED = 1 << HUB_LAUNCHED,
    EXPLODED = 1 << HUB_EXPLODED,
    SUMMARY = 1 << HUB_SUMMARY,
};

/* A reader, and how often it was woken. */
struct scene_reader {
    struct hub_reader *reader;
    unsigned wakes;
    enum hub_flow flow; /* of the last read */
};

struct hub_scene {
    struct table *table;
    struct metrics *metrics;
    struct hub *hub;
    const char *summary;
    uint64_t now_ms;
    uint64_t number; /* of the last message */
    struct scene_reader readers[HUB_SCENE_READERS];
    struct buffer out;
};

/* Jobs that wait for the test. */
static struct worker_job *hub_scene_jobs;

__attribute__((used)) void __wrap_workers_submit(struct workers *workers,
                                                 struct worker_job *job);

void __wrap_workers_submit(struct workers *workers, struct worker_job *job)
{
    (void)workers;
    job->next = hub_scene_jobs;
    hub_scene_jobs = job;
}

/* Run the jobs. Returns how many. */
static inline size_t run_jobs(void)
{
    size_t count = 0;

    for (; hub_scene_jobs != NULL; count++) {
        struct worker_job *job = hub_scene_jobs;
        hub_scene_jobs = job->next;
        job->run(job);
    }
    return count;
}

static inline void hub_scene_wake(struct hub_reader *first)
{
    for (struct hub_reader *next; first != NULL; first = next) {
        struct scene_reader *reader = hub_reader_owner(first);
        next = hub_reader_next_woken(first);
        reader->wakes++;
    }
}

static inline int set_up(void **context)
{
    struct hub_scene *scene = calloc(1, sizeof(*scene));

    if (scene == NULL)
        abort();
    scene->table = table_new(SIZE_MAX);
    scene->metrics = metrics_new();
    scene->summary = "";
    scene->now_ms = 10000;
    scene->out = BUFFER_INIT;
    scene->hub = hub_new(&(struct hub_options){
        .table = scene->table,
        .metrics = scene->metrics,
        .writer = event_lines_writer(&scene->summary),
        .max_readers = HUB_SCENE_READERS,
        .wake = hub_scene_wake,
    });
    if (scene->table == NULL || scene->hub == NULL)
        abort();
    *context = scene;
    return 0;
}

static inline void hub_scene_stop(struct hub_scene *scene)
{
    hub_stop(scene->hub);
    for (size_t i = 0; i < HUB_SCENE_READERS; i++)
        hub_reader_free(scene->readers[i].reader);
    run_jobs();
}

static inline int tear_down(void **context)
{
    struct hub_scene *scene = *context;

    hub_scene_stop(scene);
    assert_int_equal(hub_readers(scene->hub), 0);
    assert_int_equal(scene->hub->memory, scene->hub->kept);
    hub_free(scene->hub);
    metrics_free(scene->metrics);
    table_free(scene->table);
    buffer_release(&scene->out);
    free(scene);
    return 0;
}

/* Let `ms` milliseconds pass, and tick once. */
static inline void tick(struct hub_scene *scene, uint64_t ms)
{
    scene->now_ms += ms;
    hub_tick(scene->hub, scene->now_ms);
}

/* Tick ten times a second. */
static inline void pass(struct hub_scene *scene, uint64_t ms)
{
    for (uint64_t i = 0; i < ms; i += HUB_TICK_MS)
        tick(scene, HUB_TICK_MS);
}

static inline void apply(struct hub_scene *scene, struct message message)
{
    assert_int_equal(unit_table_apply(scene->table, message), MESSAGE_APPLIED);
}

static inline void change(struct hub_scene *scene, const char *id)
{
    apply(scene, message_speed(id, ++scene->number, 1));
}

static inline void launch(struct hub_scene *scene, const char *id)
{
    apply(scene, message_launched(id, ++scene->number, "Type", "Mission", 1));
}

static inline void explode(struct hub_scene *scene, const char *id)
{
    apply(scene, message_exploded(id, ++scene->number, "Reason"));
}

/* Reader `i`. The texts of `options` are set by the caller. */
static inline enum hub_added add_reader(struct hub_scene *scene, size_t i,
                                        struct hub_reader_options options)
{
    struct scene_reader *reader = &scene->readers[i];

    options.owner = reader;
    if (options.interval_ms == 0)
        options.interval_ms = HUB_TICK_MS;
    *reader = (struct scene_reader){NULL, 0, HUB_MORE};
    return hub_add_reader(scene->hub, &options, &reader->reader);
}

static inline void free_reader(struct hub_scene *scene, size_t i)
{
    hub_reader_free(scene->readers[i].reader);
    scene->readers[i].reader = NULL;
}

/* Read once. The result is the text of that, valid until the next read. */
static inline const char *read_some(struct hub_scene *scene, size_t i,
                                    size_t size)
{
    struct scene_reader *reader = &scene->readers[i];

    buffer_clear(&scene->out);
    reader->flow = hub_reader_next(reader->reader, &scene->out, size, true);
    buffer_append(&scene->out, (struct text){"", 1});
    return scene->out.data;
}

/* Read until there is no more. */
static inline const char *read_all(struct hub_scene *scene, size_t i)
{
    struct scene_reader *reader = &scene->readers[i];

    buffer_clear(&scene->out);
    do
        reader->flow =
            hub_reader_next(reader->reader, &scene->out, 65536, true);
    while (reader->flow == HUB_MORE);
    buffer_append(&scene->out, (struct text){"", 1});
    return scene->out.data;
}

/* Fail unless reader `i` gets this, and waits after it. */
static inline void expect(struct hub_scene *scene, size_t i,
                          const char *expected)
{
    assert_string_equal(read_all(scene, i), expected);
    assert_int_equal(scene->readers[i].flow, HUB_WAIT);
}

/* Let new readers join, and expect hello, which is all. */
static inline void expect_hello(struct hub_scene *scene, size_t i,
                                const char *expected)
{
    hub_join(scene->hub);
    expect(scene, i, expected);
}

static inline uint64_t metric(const struct hub_scene *scene, const char *name,
                              size_t series)
{
    return metric_value(metrics_find(scene->metrics, name), series);
}

#endif
