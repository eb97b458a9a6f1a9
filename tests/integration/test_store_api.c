/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API with a store: the responses to messages and batches, also to senders
 * that have ended their side; a fast sender is held back; and what ETags and
 * cursors mean after a restart. In both thread modes.
 */
#include "store_scene.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    LONG_BATCH = 40000, /* messages: megabytes, more than may be pending */
    PATIENCE_MS = 300,  /* in which a sender that is held back sends nothing */
    MODES = 2,
};

static const char *const modes[MODES] = {"-threads=2",
                                         "-threads=per-connection"};

static void start(struct store_scene *scene, size_t mode)
{
    instance_start(&scene->instance,
                   INSTANCE_FLAGS(scene->folder.flag, modes[mode]));
}

/* The rocket of each mode, as both use one folder. */
static const char *rocket_of(size_t mode)
{
    return mode == 0 ? "pool" : "thread";
}

static void each_message_is_answered_and_counted_once(void **state)
{
    struct store_scene *scene = *state;

    for (size_t mode = 0; mode < MODES; mode++) {
        struct fleet_message first = fleet_faster(rocket_of(mode), 1, 1);
        const struct exchange rows[] = {
            {.body = first.body, .status = 202, .part = "\"applied\""},
            {.body = first.body, .status = 202, .part = "\"duplicate\""},
            {.body = "[]", .status = 400, .part = "must be a JSON object"},
            {.target = "/health",
             .status = 200,
             .part = mode == 0 ? "\"store\":{\"kept\":true,\"position\":1,"
                               : "\"store\":{\"kept\":true,\"position\":2,"},
        };
        start(scene, mode);
        EXCHANGES_RUN(&scene->instance, rows);
        assert_true(scrape_value(&scene->instance,
                                 "lunar_messages_total{result=\"applied\"}") ==
                    1);
        assert_true(
            scrape_value(&scene->instance,
                         "lunar_messages_total{result=\"duplicate\"}") == 1);
        assert_true(
            scrape_value(&scene->instance,
                         "lunar_messages_total{result=\"not_written\"}") == 0);
        instance_stop(&scene->instance);
    }
}

/* A single message, a batch, one in chunks, and one of gzip data. */
static void half_closed_senders_get_their_answer(void **state)
{
    struct store_scene *scene = *state;

    for (size_t mode = 0; mode < MODES; mode++) {
        start(scene, mode);
        for (uint64_t way = 0; way < 4; way++) {
            /* The single message is number 1; 100 more in each batch. */
            uint64_t first = way == 0 ? 2 : 100 * way - 98;
            struct bulk bulk = bulk_make(rocket_of(mode), first, first + 99);
            struct fleet_message message = fleet_faster(rocket_of(mode), 1, 1);
            struct connection connection;

            instance_connect(&scene->instance, &connection);
            if (way == 0) {
                connection_post(&connection, message.body);
            } else if (way == 1) {
                connection_post_bytes(&connection, BULK_TYPE, bulk.text,
                                      bulk.length);
            } else if (way == 2) {
                connection_request(&connection, "POST", "/messages",
                                   BULK_CHUNKED);
                connection_send_chunks(&connection, bulk.text, bulk.length,
                                       1000);
                connection_send_text(&connection, "0\r\n\r\n");
            } else {
                connection_post_gzip(&connection,
                                     BULK_TYPE "Content-Encoding: gzip\r\n",
                                     bulk.text, bulk.length);
            }
            connection_finish(&connection);
            connection_expect_status(&connection, 202);
            connection_close(&connection);
            free(bulk.text);
        }
        assert_int_equal(bulk_messages_of(&scene->instance, rocket_of(mode)),
                         301);
        instance_stop(&scene->instance);
    }
}

static char *header_of(const struct instance *instance, const char *target,
                       const char *name)
{
    struct response response;

    instance_get(instance, target, &response);
    assert_int_equal(response.status, 200);
    char *value = strdup(response_header(&response, name));
    response_release(&response);
    return value;
}

/* The same tag for the same state, and the next page from the same place. */
static void tags_and_cursors_survive_a_restart(void **state)
{
    struct store_scene *scene = *state;
    char rocket[256], list[256], next[1024];

    start(scene, 0);
    store_scene_post(&scene->instance, 3);
    struct fleet_message other = fleet_faster("venus", 1, 1);
    EXCHANGE(&scene->instance, .body = other.body, .status = 202);
    char *tag = header_of(&scene->instance, "/rockets/moon", "ETag");
    char *list_tag = header_of(&scene->instance, "/rockets", "ETag");
    char *link = header_of(&scene->instance, "/rockets?limit=1", "Link");
    instance_stop(&scene->instance);
    snprintf(rocket, sizeof(rocket), "If-None-Match: %s\r\n", tag);
    snprintf(list, sizeof(list), "If-None-Match: %s\r\n", list_tag);
    snprintf(next, sizeof(next), "/rockets%.*s", (int)strcspn(link + 1, ">"),
             link + 1);
    free(tag);
    free(list_tag);
    free(link);

    start(scene, 1);
    const struct exchange rows[] = {
        {.target = "/rockets/moon", .fields = rocket, .status = 304},
        {.target = "/rockets", .fields = list, .status = 304},
        {.target = next, .status = 200, .part = "[{\"id\":\"venus\","},
    };
    EXCHANGES_RUN(&scene->instance, rows);
    struct fleet_message fourth = fleet_faster("moon", 4, 1);
    const struct exchange changed[] = {
        {.body = fourth.body, .status = 202},
        {.target = "/rockets/moon", .fields = rocket, .status = 200},
        {.target = "/rockets", .fields = list, .status = 200},
    };
    EXCHANGES_RUN(&scene->instance, changed);
    instance_stop(&scene->instance);
}

/*
 * While the disk does not answer, the service takes only what may be pending;
 * afterwards all of it is answered.
 */
static void fast_sender_is_held_back(void **state)
{
    struct store_scene *scene = *state;
    struct bulk bulk = bulk_make("moon", 1, LONG_BATCH);
    struct connection connection;
    char head[256];

    store_scene_start_slow(scene, "-log-format=text");
    instance_wait_ready(&scene->instance);
    store_scene_set_slow(scene, "syncs", true);
    instance_connect(&scene->instance, &connection);
    snprintf(head, sizeof(head), BULK_TYPE "Content-Length: %zu\r\n",
             bulk.length);
    connection_request(&connection, "POST", "/messages", head);
    size_t sent = 0;
    while (sent < bulk.length && process_poll(connection.socket, POLLOUT,
                                              process_clock() + PATIENCE_MS)) {
        ssize_t took = send(connection.socket, bulk.text + sent,
                            bulk.length - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        assert_true(took > 0);
        sent += (size_t)took;
    }
    assert_true(sent < bulk.length);
    double queue = scrape_value(&scene->instance, "lunar_journal_queue");
    assert_true(queue > 0 && queue <= 256 * 1024);
    store_scene_set_slow(scene, "syncs", false);
    connection_send(&connection, bulk.text + sent, bulk.length - sent);
    bulk_expect_applied(&connection, LONG_BATCH);
    connection_close(&connection);
    instance_stop(&scene->instance);
    free(bulk.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_SCENE_TEST(each_message_is_answered_and_counted_once),
        STORE_SCENE_TEST(half_closed_senders_get_their_answer),
        STORE_SCENE_TEST(tags_and_cursors_survive_a_restart),
        STORE_SCENE_TEST(fast_sender_is_held_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
