/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /events, the stream itself: what comes, in which form, and what each
 * parameter chooses. test_events_requests.c has what is refused, and
 * test_events_resume.c how a client goes on after its connection was lost.
 */
#include "events_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 2500, /* rockets: more than fit into an event */ FEED = 120 };

static void stream_begins_with_hello(void **state)
{
    const struct events_scene *scene = *state;
    struct event_stream stream;
    struct event hello;
    struct response list;
    char etag[EVENTS_MAX_ID];

    events_post(&scene->instance, fleet_faster("hello", 1, 1));
    events_open(&scene->instance, &stream, "/events?interval=300", "");
    events_expect(&stream, "hello", &hello);
    assert_int_equal(hello.retry, 2000);
    assert_non_null(hello.id);
    cJSON *json = events_json(&hello);
    assert_int_equal(cJSON_GetArraySize(json), 3);
    const char *start =
        cJSON_GetStringValue(cJSON_GetObjectItem(json, "start"));
    assert_memory_equal(start, hello.id, strlen(start));
    assert_int_equal(events_number(json, "revision"),
                     events_revision(hello.id));
    assert_int_equal(events_number(json, "interval"), 300);
    cJSON_Delete(json);
    /* The id is what the list has as its tag, as nothing changes meanwhile. */
    instance_get(&scene->instance, "/rockets", &list);
    snprintf(etag, sizeof(etag), "W/\"%s\"", hello.id);
    response_expect_header(&list, "ETag", etag);
    response_release(&list);
    event_release(&hello);
    events_close(&stream);
}

static void change_comes_as_the_whole_state(void **state)
{
    const struct events_scene *scene = *state;
    struct event_stream stream;
    struct response response;

    events_follow(&scene->instance, &stream, "/events?events=rockets", "");
    events_post(&scene->instance,
                fleet_launched("whole", 1, "Falcon-9", 500, "ARTEMIS"));
    cJSON_Delete(events_await_rocket(&stream, "whole", 1, "whole"));
    events_post(&scene->instance, fleet_faster("whole", 3, 70));
    cJSON *rocket = events_await_rocket(&stream, "whole", 3, "whole");
    /* The event was the last one of its update. */
    assert_true(events_revision(stream.last_id) >=
                events_number(rocket, "revision"));
    instance_get(&scene->instance, "/rockets/whole", &response);
    cJSON *shown = response_json(&response);
    assert_true(cJSON_Compare(rocket, shown, true));
    cJSON_Delete(shown);
    response_release(&response);
    cJSON_Delete(rocket);
    events_close(&stream);
}

/* What a client has got of the rockets that bulk launches. */
struct collected {
    uint64_t revisions[MANY]; /* by rocket; 0: none has come */
    size_t count;
};

static void collect_rockets(struct collected *collected, const cJSON *rockets)
{
    const cJSON *rocket;

    assert_in_range(cJSON_GetArraySize(rockets), 1, 1000);
    cJSON_ArrayForEach(rocket, rockets)
    {
        const char *id =
            cJSON_GetStringValue(cJSON_GetObjectItem(rocket, "id"));
        assert_int_equal(strncmp(id, "rocket-", 7), 0);
        unsigned long index = strtoul(id + 7, NULL, 10);
        assert_in_range(index, 0, MANY - 1);
        collected->count += collected->revisions[index] == 0;
        collected->revisions[index] = events_number(rocket, "revision");
    }
}

/* So that a client that is cut off resumes from there without a loss. */
static void id_promises_all_changes_up_to_it(void **state)
{
    const struct events_scene *scene = *state;
    static struct collected collected;
    struct event_stream stream;

    events_follow(&scene->instance, &stream,
                  "/events?events=rockets&interval=100", "");
    uint64_t before = events_revision(stream.last_id);
    collected = (struct collected){.count = 0};
    fleet_launch(&scene->instance, MANY, 0);
    for (bool complete = false; !complete;) {
        struct event event;
        events_expect(&stream, "rockets", &event);
        cJSON *rockets = events_json(&event);
        collect_rockets(&collected, rockets);
        cJSON_Delete(rockets);
        /* Each launch is one revision: so many rockets have one up to it. */
        uint64_t there = 0, promised = 0;
        if (event.id != NULL) {
            promised = events_revision(event.id) - before;
            for (size_t i = 0; i < MANY; i++)
                there += collected.revisions[i] != 0 &&
                         collected.revisions[i] <= before + promised;
        }
        assert_int_equal(there, promised);
        complete = promised == MANY;
        event_release(&event);
    }
    assert_int_equal(collected.count, MANY);
    events_close(&stream);
}

static void ids_choose_rockets(void **state)
{
    const struct events_scene *scene = *state;
    struct event_stream stream;

    events_post(&scene->instance, fleet_faster("chosen/a b", 1, 1));
    events_follow(&scene->instance, &stream,
                  "/events?id=chosen%2Fa+b&id=chosen-later", "");
    events_post(&scene->instance, fleet_faster("other", 1, 1));
    events_post(&scene->instance, fleet_faster("chosen/a b", 2, 1));
    cJSON_Delete(events_await_rocket(&stream, "chosen/a b", 2, "chosen"));
    events_post(&scene->instance,
                fleet_launched("chosen-later", 1, "Falcon-9", 5, "APOLLO"));
    cJSON_Delete(events_await_rocket(&stream, "chosen-later", 1, "chosen"));
    events_close(&stream);
}

/* Expect an event of the feed that has only the rocket `id`. */
static void expect_feed(struct event_stream *stream, const char *type,
                        const char *id)
{
    struct event event;

    events_expect(stream, type, &event);
    cJSON *json = events_json(&event);
    const cJSON *rockets = cJSON_GetObjectItem(json, "rockets");
    assert_int_equal(cJSON_GetArraySize(json), 2);
    assert_int_equal(events_number(json, "more"), 0);
    assert_int_equal(cJSON_GetArraySize(rockets), 1);
    assert_true(events_is_of(cJSON_GetArrayItem(rockets, 0), id));
    assert_non_null(event.id);
    cJSON_Delete(json);
    event_release(&event);
}

static void launches_and_explosions_come_alone_if_chosen(void **state)
{
    const struct events_scene *scene = *state;
    struct event_stream launched, exploded, both;

    events_follow(&scene->instance, &launched, "/events?events=launched", "");
    events_follow(&scene->instance, &exploded, "/events?events=exploded", "");
    events_follow(&scene->instance, &both, "/events?events=exploded,launched",
                  "");
    events_post(&scene->instance, fleet_faster("feed", 2, 1));
    events_post(&scene->instance,
                fleet_launched("feed", 1, "Falcon-9", 5, "APOLLO"));
    expect_feed(&launched, "launched", "feed");
    expect_feed(&both, "launched", "feed");
    events_post(&scene->instance, fleet_faster("feed", 3, 1));
    events_post(&scene->instance, fleet_exploded("feed", 4, "FROZEN_O_RINGS"));
    expect_feed(&exploded, "exploded", "feed");
    expect_feed(&both, "exploded", "feed");
    /* A launch after that is one more. */
    events_post(&scene->instance,
                fleet_launched("feed", 5, "Falcon-9", 5, "APOLLO"));
    expect_feed(&launched, "launched", "feed");
    events_close(&launched);
    events_close(&exploded);
    events_close(&both);
}

static void feed_names_some_and_counts_the_rest(void **state)
{
    const struct events_scene *scene = *state;
    struct event_stream stream;
    struct connection connection;
    struct bulk bulk;
    uint64_t count = 0;

    bulk_begin(&bulk);
    for (unsigned i = 0; i < FEED; i++) {
        char id[32];
        snprintf(id, sizeof(id), "burst-%u", i);
        struct fleet_message message = fleet_exploded(id, 1, "OVERHEATED");
        fprintf(bulk.stream, "%s\n", message.body);
    }
    bulk_end(&bulk);
    events_follow(&scene->instance, &stream,
                  "/events?events=exploded&interval=1000", "");
    instance_connect(&scene->instance, &connection);
    assert_true(connection_post_with(&connection, BULK_TYPE, bulk.text));
    bulk_expect_applied(&connection, FEED);
    connection_close(&connection);
    free(bulk.text);
    while (count < FEED) {
        struct event event;
        events_expect(&stream, "exploded", &event);
        cJSON *json = events_json(&event);
        int named = cJSON_GetArraySize(cJSON_GetObjectItem(json, "rockets"));
        assert_in_range(named, 1, 50);
        count += (uint64_t)named + events_number(json, "more");
        cJSON_Delete(json);
        event_release(&event);
    }
    assert_int_equal(count, FEED);
    events_close(&stream);
}

/* The last state comes, whatever was between. */
static void changes_within_an_interval_are_joined(void **state)
{
    const struct events_scene *scene = *state;
    struct event_stream stream;
    enum { CHANGES = 50 };
    unsigned events = 0;
    uint64_t number = 0;

    events_follow(&scene->instance, &stream,
                  "/events?events=rockets&interval=1000", "");
    struct bulk bulk = bulk_make("joined", 1, CHANGES);
    struct connection connection;
    instance_connect(&scene->instance, &connection);
    assert_true(connection_post_with(&connection, BULK_TYPE, bulk.text));
    bulk_expect_applied(&connection, CHANGES);
    connection_close(&connection);
    free(bulk.text);
    while (number < CHANGES) {
        struct event event;
        events_expect(&stream, "rockets", &event);
        cJSON *rockets = events_json(&event);
        assert_int_equal(cJSON_GetArraySize(rockets), 1);
        number =
            events_number(cJSON_GetArrayItem(rockets, 0), "lastMessageNumber");
        events++;
        cJSON_Delete(rockets);
        event_release(&event);
    }
    assert_in_range(events, 1, CHANGES - 1);
    events_close(&stream);
}

static uint64_t expect_summary(struct event_stream *stream)
{
    struct event event;

    events_expect(stream, "summary", &event);
    cJSON *json = events_json(&event);
    const cJSON *rockets = cJSON_GetObjectItem(json, "rockets");
    uint64_t total = events_number(rockets, "total");
    assert_null(cJSON_GetObjectItem(json, "types"));
    assert_null(cJSON_GetObjectItem(json, "missions"));
    cJSON_Delete(json);
    event_release(&event);
    return total;
}

static void summary_follows_the_totals(void **state)
{
    const struct events_scene *scene = *state;
    struct event_stream stream;

    events_post(&scene->instance, fleet_faster("counted-1", 1, 1));
    events_follow(&scene->instance, &stream, "/events?events=summary", "");
    uint64_t before = expect_summary(&stream);
    events_post(&scene->instance, fleet_faster("counted-2", 1, 1));
    while (expect_summary(&stream) != before + 1)
        continue;
    events_close(&stream);
}

static void old_client_gets_a_stream_without_chunks(void **state)
{
    const struct events_scene *scene = *state;
    struct event_stream stream = {.connection.socket = -1};

    instance_connect(&scene->instance, &stream.connection);
    connection_send_text(&stream.connection,
                         "GET /events?events=rockets HTTP/1.0\r\n\r\n");
    assert_true(events_begin(&stream));
    assert_int_equal(stream.head.status, 200);
    assert_int_equal(stream.head.framing, RESPONSE_UNTIL_CLOSE);
    events_skip(&stream, "hello");
    events_post(&scene->instance, fleet_faster("old", 1, 1));
    cJSON_Delete(events_await_rocket(&stream, "old", 1, "old"));
    events_close(&stream);
}

static void events_are_never_compressed(void **state)
{
    const struct events_scene *scene = *state;
    struct event_stream stream;

    events_follow(&scene->instance, &stream, "/events?events=rockets",
                  "Accept-Encoding: gzip, br, *\r\n");
    events_post(&scene->instance, fleet_faster("plain", 1, 1));
    cJSON_Delete(events_await_rocket(&stream, "plain", 1, "plain"));
    events_close(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_begins_with_hello),
        cmocka_unit_test(change_comes_as_the_whole_state),
        cmocka_unit_test(id_promises_all_changes_up_to_it),
        cmocka_unit_test(ids_choose_rockets),
        cmocka_unit_test(launches_and_explosions_come_alone_if_chosen),
        cmocka_unit_test(feed_names_some_and_counts_the_rest),
        cmocka_unit_test(changes_within_an_interval_are_joined),
        cmocka_unit_test(summary_follows_the_totals),
        cmocka_unit_test(old_client_gets_a_stream_without_chunks),
        cmocka_unit_test(events_are_never_compressed),
    };
    return EVENTS_RUN_IN_ALL_WAYS(tests);
}
