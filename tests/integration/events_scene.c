/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each way has its own service, as most tests need only rockets of their own.
 */
#include "events_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int set_up(void **state, const char *threads, bool store)
{
    struct events_scene *scene = calloc(1, sizeof(*scene));

    if (scene == NULL)
        return -1;
    data_folder_make(&scene->folder);
    scene->threads = threads;
    scene->data = store ? scene->folder.flag : NULL;
    *state = scene;
    events_restart(scene);
    return 0;
}

void events_restart(struct events_scene *scene)
{
    instance_start(&scene->instance,
                   INSTANCE_FLAGS(scene->threads, scene->data));
}

int events_set_up_loops(void **state)
{
    return set_up(state, "-threads=2", false);
}

int events_set_up_loops_store(void **state)
{
    return set_up(state, "-threads=2", true);
}

int events_set_up_threads(void **state)
{
    return set_up(state, "-threads=per-connection", false);
}

int events_set_up_threads_store(void **state)
{
    return set_up(state, "-threads=per-connection", true);
}

int events_tear_down(void **state)
{
    struct events_scene *scene = *state;

    instance_stop(&scene->instance);
    int removed = folder_remove(scene->folder.root);
    free(scene);
    return removed;
}

void events_post(const struct instance *instance, struct fleet_message message)
{
    EXCHANGE(instance, .body = message.body, .status = 202,
             .part = "\"result\":\"applied\"");
}

void events_follow(const struct instance *instance, struct event_stream *stream,
                   const char *target, const char *fields)
{
    events_open(instance, stream, target, fields);
    events_skip(stream, "hello");
    assert_true(stream->last_id[0] != '\0');
}

void events_expect_reset(struct event_stream *stream, const char *id)
{
    struct event hello, reset;

    events_expect(stream, "hello", &hello);
    if (id == NULL)
        assert_null(hello.id);
    else
        assert_string_equal(hello.id, id);
    events_expect(stream, "reset", &reset);
    assert_null(reset.id);
    cJSON *json = events_json(&reset);
    cJSON *said = events_json(&hello);
    assert_int_equal(cJSON_GetArraySize(json), 2);
    assert_string_equal(
        cJSON_GetStringValue(cJSON_GetObjectItem(json, "start")),
        cJSON_GetStringValue(cJSON_GetObjectItem(said, "start")));
    (void)events_number(json, "revision");
    cJSON_Delete(said);
    cJSON_Delete(json);
    event_release(&hello);
    event_release(&reset);
}

uint64_t events_revision(const char *id)
{
    const char *dash = strchr(id, '-');
    char *end = NULL;

    assert_non_null(dash);
    uint64_t revision = strtoull(dash + 1, &end, 10);
    assert_string_equal(end, "");
    return revision;
}

uint64_t events_number(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);

    assert_true(cJSON_IsNumber(member));
    return (uint64_t)cJSON_GetNumberValue(member);
}

static const char *id_of(const cJSON *rocket)
{
    const char *id =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(rocket, "id"));

    assert_non_null(id);
    return id;
}

bool events_is_of(const cJSON *rocket, const char *id)
{
    return strcmp(id_of(rocket), id) == 0;
}

/* Detach the rocket from an event's array, if it is at this number. */
static cJSON *take_rocket(cJSON *rockets, const char *id, uint64_t number,
                          const char *prefix)
{
    cJSON *found = NULL, *rocket;

    assert_true(cJSON_GetArraySize(rockets) > 0);
    cJSON_ArrayForEach(rocket, rockets)
    {
        if (strncmp(id_of(rocket), prefix, strlen(prefix)) != 0)
            fail_msg("an event of %s", id_of(rocket));
        if (events_is_of(rocket, id) &&
            events_number(rocket, "lastMessageNumber") == number)
            found = rocket;
    }
    return found != NULL ? cJSON_DetachItemViaPointer(rockets, found) : NULL;
}

cJSON *events_await_rocket(struct event_stream *stream, const char *id,
                           uint64_t number, const char *prefix)
{
    cJSON *rocket = NULL;

    while (rocket == NULL) {
        struct event event;
        events_expect(stream, "rockets", &event);
        cJSON *rockets = events_json(&event);
        assert_true(cJSON_IsArray(rockets));
        rocket = take_rocket(rockets, id, number, prefix);
        cJSON_Delete(rockets);
        event_release(&event);
    }
    return rocket;
}
