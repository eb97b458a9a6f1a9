/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following events again after the connection was lost: what has changed since
 * comes, or a reset says that it cannot.
 */
#include "events_scene.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TOO_MANY = 10001, /* changed rockets, for one who was away */
    FIELD = 128,
};

/* Remember the id of a stream, as the header that resumes. */
static void take_header(const struct event_stream *stream, char header[FIELD])
{
    snprintf(header, FIELD, "Last-Event-ID: %s\r\n", stream->last_id);
}

static uint64_t position_of(const char *header)
{
    char id[EVENTS_MAX_ID];

    assert_int_equal(sscanf(header, "Last-Event-ID: %63[^\r]", id), 1);
    return events_revision(id);
}

/* Open a stream of rockets, and close it. Sets the header that resumes it. */
static void be_there(const struct instance *instance, char header[FIELD])
{
    struct event_stream stream;

    events_follow(instance, &stream, "/events?events=rockets", "");
    take_header(&stream, header);
    events_close(&stream);
}

/* Others may come before, which have changed shortly before the position. */
static void expect_rocket(struct event_stream *stream, const char *id,
                          uint64_t number)
{
    cJSON_Delete(events_await_rocket(stream, id, number, ""));
}

/* A rocket that must come, at this message number. */
struct missed {
    const char *id;
    uint64_t number;
    bool seen;
};

/* True if the rocket is one of them that has not been seen. */
static bool see_rocket(struct missed missed[], size_t count,
                       const cJSON *rocket)
{
    for (size_t i = 0; i < count; i++) {
        if (!events_is_of(rocket, missed[i].id))
            continue;
        bool seen = missed[i].seen;
        assert_int_equal(events_number(rocket, "lastMessageNumber"),
                         missed[i].number);
        missed[i].seen = true;
        return !seen;
    }
    return false;
}

/*
 * Expect each of these. Any others have not changed since `header`: what has
 * changed shortly before may come again.
 */
static void expect_missed(struct event_stream *stream, const char *header,
                          struct missed missed[], size_t count)
{
    uint64_t position = position_of(header);

    for (size_t seen = 0; seen < count;) {
        struct event event;
        events_expect(stream, "rockets", &event);
        cJSON *rockets = events_json(&event), *rocket;
        cJSON_ArrayForEach(rocket, rockets)
        {
            bool new = see_rocket(missed, count, rocket);
            assert_true(new || events_number(rocket, "revision") <= position);
            seen += new;
        }
        cJSON_Delete(rockets);
        event_release(&event);
    }
}

/* What has changed meanwhile comes, and nothing else; then what follows. */
static void changes_that_were_missed_come(void **state)
{
    const struct events_scene *scene = *state;
    struct event_stream stream;
    struct missed missed[] = {{"missed-1", 2, false}, {"missed-2", 1, false}};
    struct missed later[] = {{"missed-2", 3, false}};
    char header[FIELD];

    events_post(&scene->instance, fleet_faster("before", 1, 1));
    events_post(&scene->instance, fleet_faster("missed-1", 1, 1));
    be_there(&scene->instance, header);
    events_post(&scene->instance, fleet_faster("missed-1", 2, 1));
    events_post(&scene->instance, fleet_faster("missed-2", 1, 1));
    events_follow(&scene->instance, &stream, "/events?events=rockets", header);
    expect_missed(&stream, header, missed, 2);
    events_post(&scene->instance, fleet_faster("missed-2", 2, 1));
    expect_rocket(&stream, "missed-2", 2);
    take_header(&stream, header);
    events_close(&stream);
    events_post(&scene->instance, fleet_faster("missed-2", 3, 1));
    events_follow(&scene->instance, &stream, "/events?events=rockets", header);
    expect_missed(&stream, header, later, 1);
    events_close(&stream);
}

static void hello_has_the_position_of_the_reader(void **state)
{
    const struct events_scene *scene = *state;
    struct event_stream stream;
    char header[FIELD], again[FIELD];

    be_there(&scene->instance, header);
    events_post(&scene->instance, fleet_faster("position", 1, 1));
    events_follow(&scene->instance, &stream, "/events?events=rockets", header);
    take_header(&stream, again);
    assert_string_equal(again, header);
    expect_rocket(&stream, "position", 1);
    events_close(&stream);
}

static void single_rockets_are_resumed(void **state)
{
    const struct events_scene *scene = *state;
    struct event_stream stream;
    char header[FIELD];

    events_post(&scene->instance, fleet_faster("single-1", 1, 1));
    be_there(&scene->instance, header);
    events_post(&scene->instance, fleet_faster("single-2", 1, 1));
    events_post(&scene->instance, fleet_faster("single-3", 1, 1));
    events_follow(&scene->instance, &stream, "/events?id=single-1&id=single-2",
                  header);
    cJSON_Delete(events_await_rocket(&stream, "single-2", 1, "single-2"));
    events_post(&scene->instance, fleet_faster("single-1", 2, 1));
    cJSON_Delete(events_await_rocket(&stream, "single-1", 2, "single-1"));
    events_close(&stream);
}

/* Also in the form of an ETag, as after a list was read. */
static void parameter_resumes_as_well(void **state)
{
    static const struct {
        const char *before, *after;
    } forms[] = {{"", ""}, {"W/%22", "%22"}, {"%22", "-gzip%22"}};
    const struct events_scene *scene = *state;
    struct response list;
    char id[EVENTS_MAX_ID], target[256];

    instance_get(&scene->instance, "/rockets", &list);
    const char *etag = response_header(&list, "ETag");
    assert_non_null(etag);
    assert_int_equal(sscanf(etag, "W/\"%63[^\"]\"", id), 1);
    response_release(&list);
    events_post(&scene->instance, fleet_faster("parameter", 1, 1));
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct event_stream stream;
        snprintf(target, sizeof(target),
                 "/events?events=rockets&last_event_id=%s%s%s", forms[i].before,
                 id, forms[i].after);
        events_follow(&scene->instance, &stream, target, "");
        expect_rocket(&stream, "parameter", 1);
        events_close(&stream);
        /* An empty header is none. */
        events_follow(&scene->instance, &stream, target, "Last-Event-ID: \r\n");
        expect_rocket(&stream, "parameter", 1);
        events_close(&stream);
    }
}

static void header_wins_over_the_parameter(void **state)
{
    const struct events_scene *scene = *state;
    struct event_stream stream;
    char header[FIELD], older[FIELD], again[FIELD], target[256];

    be_there(&scene->instance, older);
    events_post(&scene->instance, fleet_faster("older", 1, 1));
    be_there(&scene->instance, header);
    events_post(&scene->instance, fleet_faster("newer", 1, 1));
    snprintf(target, sizeof(target),
             "/events?events=rockets&last_event_id=%.*s",
             (int)strcspn(older + strlen("Last-Event-ID: "), "\r"),
             older + strlen("Last-Event-ID: "));
    events_follow(&scene->instance, &stream, target, header);
    take_header(&stream, again);
    assert_string_equal(again, header);
    expect_rocket(&stream, "newer", 1);
    events_close(&stream);
}

/* Without one, and with an empty one, changes come from now on. */
static void without_an_id_changes_come_from_now_on(void **state)
{
    static const char *const targets[] = {
        "/events?events=rockets", "/events?events=rockets&last_event_id="};
    const struct events_scene *scene = *state;
    char header[FIELD], id[16];

    be_there(&scene->instance, header);
    for (unsigned i = 0; i < 2; i++) {
        struct event_stream stream;
        snprintf(id, sizeof(id), "now-%u", i);
        events_follow(&scene->instance, &stream, targets[i],
                      "Last-Event-ID:\r\n");
        assert_true(events_revision(stream.last_id) >= position_of(header));
        events_post(&scene->instance, fleet_faster(id, 1, 1));
        expect_rocket(&stream, id, 1);
        events_close(&stream);
    }
}

/* Ids of which none is a position of this service; the last one is above it. */
static void reset_says_that_changes_were_missed(void **state)
{
    static const char *const ids[] = {"0123456789abcdef-1", "x", "42", NULL};
    const struct events_scene *scene = *state;

    for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        struct event_stream stream;
        char header[FIELD], id[16];
        be_there(&scene->instance, header);
        size_t end = strcspn(header, "\r");
        if (ids[i] != NULL)
            snprintf(header, FIELD, "Last-Event-ID: %s\r\n", ids[i]);
        else
            snprintf(header + end, FIELD - end, "999\r\n");
        events_open(&scene->instance, &stream, "/events?events=rockets",
                    header);
        events_expect_reset(&stream, NULL);
        assert_string_equal(stream.last_id, "");
        /* The changes after it come as usual. */
        snprintf(id, sizeof(id), "reset-%u", i);
        events_post(&scene->instance, fleet_faster(id, 1, 1));
        expect_rocket(&stream, id, 1);
        assert_string_not_equal(stream.last_id, "");
        events_close(&stream);
        events_open(&scene->instance, &stream, "/events?id=reset-0", header);
        events_expect_reset(&stream, NULL);
        events_close(&stream);
    }
}

static void too_many_changes_are_a_reset(void **state)
{
    const struct events_scene *scene = *state;
    struct event_stream other, stream;
    struct event event;
    char header[FIELD];

    be_there(&scene->instance, header);
    uint64_t position = position_of(header);
    events_follow(&scene->instance, &other, "/events?events=rockets", "");
    fleet_launch(&scene->instance, TOO_MANY, 0);
    /* What this client has got is not the news that others wait for. */
    while (events_revision(other.last_id) < position + TOO_MANY) {
        events_expect(&other, "rockets", &event);
        event_release(&event);
    }
    /* Nor are events kept for an interval that nobody has had. */
    events_open(&scene->instance, &stream,
                "/events?events=rockets&interval=700", header);
    header[strcspn(header, "\r")] = '\0';
    events_expect_reset(&stream, header + strlen("Last-Event-ID: "));
    events_close(&stream);
    events_close(&other);
}

/* The last test: it ends the service. */
static void killed_service_is_resumed_if_it_has_a_store(void **state)
{
    struct events_scene *scene = *state;
    struct event_stream stream;
    struct missed missed[] = {{"kept-3", 1, false}};
    char header[FIELD];

    events_post(&scene->instance, fleet_faster("kept-1", 1, 1));
    events_post(&scene->instance, fleet_faster("kept-2", 1, 1));
    events_follow(&scene->instance, &stream, "/events?events=rockets", "");
    events_post(&scene->instance, fleet_faster("kept-1", 2, 1));
    expect_rocket(&stream, "kept-1", 2);
    take_header(&stream, header);
    events_close(&stream);
    /* Acknowledged, and not seen by the client. */
    events_post(&scene->instance, fleet_faster("kept-3", 1, 1));
    process_signal(&scene->instance.process, SIGKILL);
    process_wait(&scene->instance.process, INSTANCE_PATIENCE);
    instance_release(&scene->instance);
    events_restart(scene);
    events_open(&scene->instance, &stream, "/events?events=rockets", header);
    if (scene->data != NULL) {
        events_skip(&stream, "hello");
        expect_missed(&stream, header, missed, 1);
        events_post(&scene->instance, fleet_faster("kept-2", 2, 1));
        expect_rocket(&stream, "kept-2", 2);
    } else {
        events_expect_reset(&stream, NULL);
    }
    events_close(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_that_were_missed_come),
        cmocka_unit_test(hello_has_the_position_of_the_reader),
        cmocka_unit_test(single_rockets_are_resumed),
        cmocka_unit_test(parameter_resumes_as_well),
        cmocka_unit_test(header_wins_over_the_parameter),
        cmocka_unit_test(without_an_id_changes_come_from_now_on),
        cmocka_unit_test(reset_says_that_changes_were_missed),
        cmocka_unit_test(too_many_changes_are_a_reset),
        cmocka_unit_test(killed_service_is_resumed_if_it_has_a_store),
    };
    return EVENTS_RUN_IN_ALL_WAYS(tests);
}
