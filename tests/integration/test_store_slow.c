/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that does not answer in time: what clients, the log and a terminal are
 * told while the state is recovered, a signal meanwhile, and the bound of a
 * stop.
 */
#include "store_scene.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MESSAGES = 1000, /* each in a commit of its own */
    STATUS_FAILED = 1,
    HANG_MS = 8500, /* of a stop, while the disk does not answer */
};

/* Have a journal of which each page takes a second to read. */
static void make_slow_journal(struct store_scene *scene)
{
    store_scene_start(scene);
    store_scene_post(&scene->instance, MESSAGES);
    instance_stop(&scene->instance);
    store_scene_set_slow(scene, "reads", true);
}

static void requests_wait_until_the_state_is_recovered(void **state)
{
    struct store_scene *scene = *state;
    static const struct exchange rows[] = {
        {.target = "/rockets",
         .status = 503,
         .header = "Retry-After",
         .value = "1",
         .part = "the state is being recovered"},
        {.target = "/rockets/moon",
         .status = 503,
         .part = "the state is being recovered"},
        {.method = "POST",
         .body = "{}",
         .status = 503,
         .part = "the state is being recovered"},
        {.target = "/health/ready",
         .status = 503,
         .part = "the state is being recovered"},
        {.target = "/health", .status = 200, .part = "\"degraded\""},
        {.target = "/metrics", .status = 200, .part = "lunar_journal_writable"},
        /* So that a page of another origin can read that it has to wait. */
        {.method = "OPTIONS", .target = "/rockets", .status = 204},
        /* So that a browser can show the others. */
        {.target = "/swagger", .status = 200, .part = "<html"},
        {.target = "/swagger/", .status = 302},
        {.target = "/nothing",
         .status = 503,
         .part = "the state is being recovered"},
    };
    char line[512];

    make_slow_journal(scene);
    store_scene_start_slow(scene, "-log-format=text");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct exchange row = rows[i];
        /* How long to wait depends on how far it is. */
        row.header = NULL;
        exchanges_run(&scene->instance, &row, 1);
    }
    process_wait_error(&scene->instance.process, " messages, about ");
    assert_false(process_line(&scene->instance.process, line, sizeof(line), 0));
    store_scene_set_slow(scene, "reads", false);
    instance_wait_ready(&scene->instance);
    EXCHANGE(&scene->instance, .target = "/health/ready", .status = 200);
    EXCHANGE(&scene->instance, .target = "/rockets/moon", .status = 200,
             .part = "\"lastMessageNumber\":1000,\"missingMessages\":0");
    char *log = instance_stop_log(&scene->instance);
    assert_non_null(strstr(log, "recovered 1 rockets from "));
    assert_non_null(strstr(log, ": 1,000 messages in "));
    free(log);
}

static void signal_ends_the_recovery(void **state)
{
    struct store_scene *scene = *state;

    make_slow_journal(scene);
    store_scene_start_slow(scene, "-log-format=json");
    process_wait_error(&scene->instance.process, "\"secondsLeft\":");
    char *log = instance_stop_log(&scene->instance);
    assert_non_null(
        strstr(log, "\"message\":\"listening on http://127.0.0.1:"));
    assert_non_null(strstr(log, "\"message\":\"recovering /"));
    assert_non_null(strstr(log, "\"percent\":"));
    assert_non_null(strstr(log, "SIGTERM: stopping"));
    assert_non_null(strstr(log, "stopped before the state was recovered"));
    assert_null(strstr(log, "stopped after"));
    free(log);
    store_scene_set_slow(scene, "reads", false);
    store_scene_start(scene);
    EXCHANGE(&scene->instance, .target = "/rockets/moon", .status = 200,
             .part = "\"lastMessageNumber\":1000,");
    instance_stop(&scene->instance);
}

/* Read from a terminal until what was read has `part`. */
static void read_terminal(int terminal, char *text, size_t size,
                          const char *part)
{
    size_t length = strlen(text);

    while (strstr(text, part) == NULL) {
        ssize_t got = -1;
        if (process_poll(terminal, POLLIN, process_clock() + INSTANCE_PATIENCE))
            got = read(terminal, text + length, size - length - 1);
        if (got <= 0)
            fail_msg("no \"%s\" in: %s", part, text);
        length += (size_t)got;
        text[length] = '\0';
    }
}

/* The log's lines, and a bar below them that is erased at the end. */
static void terminal_has_a_bar_instead_of_lines(void **state)
{
    struct store_scene *scene = *state;
    char library[512], disk[STORE_SCENE_PATH], text[64 * 1024] = "", device[64];
    const char *const variables[] = {library, disk, "TERM=xterm", device, NULL};
    const char *const arguments[] = {"/bin/sh",
                                     "-c",
                                     "exec \"$0\" \"$@\" 2>\"$DEVICE\"",
                                     process_setting("LUNAR_SERVICE"),
                                     "-port=0",
                                     scene->folder.flag,
                                     NULL};

    make_slow_journal(scene);
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(terminal >= 0);
    assert_int_equal(grantpt(terminal), 0);
    assert_int_equal(unlockpt(terminal), 0);
    strcpy(device, "DEVICE=");
    assert_int_equal(
        ptsname_r(terminal, device + strlen(device), sizeof(device) - 8), 0);
    store_scene_slow_variables(scene, library, disk);
    process_start(&scene->instance.process, arguments, variables);
    read_terminal(terminal, text, sizeof(text), "recovering [#");
    store_scene_set_slow(scene, "reads", false);
    instance_wait_ready(&scene->instance);
    read_terminal(terminal, text, sizeof(text), "recovered 1 rockets from ");
    assert_null(strstr(text, "recovering /"));
    /* Each bar is erased before anything else is written to its row. */
    for (const char *at = text; (at = strstr(at, "recovering [")) != NULL;) {
        at += strcspn(at, "\r\n");
        assert_memory_equal(at, "\r\033[K", 4);
    }
    instance_stop(&scene->instance);
    read_terminal(terminal, text, sizeof(text), "stopped after ");
    const char *end = strstr(text, "recovered 1 rockets from ");
    assert_null(strstr(end, "recovering ["));
    close(terminal);
}

static void stop_ends_although_the_disk_does_not_answer(void **state)
{
    struct store_scene *scene = *state;
    struct fleet_message lost = fleet_faster("moon", 11, 1);
    struct connection connection;
    struct response response;

    store_scene_start_slow(scene, "-log-format=text");
    instance_wait_ready(&scene->instance);
    store_scene_post(&scene->instance, 10);
    store_scene_set_slow(scene, "syncs", true);
    instance_connect(&scene->instance, &connection);
    assert_true(connection_post(&connection, lost.body));
    while (scrape_value(&scene->instance, "lunar_journal_queue") == 0)
        process_wait_until(process_clock() + 1);
    int64_t begin = process_clock();
    process_signal(&scene->instance.process, SIGTERM);
    assert_int_equal(process_wait(&scene->instance.process, INSTANCE_PATIENCE),
                     STATUS_FAILED);
    assert_true(process_clock() - begin >= HANG_MS);
    char *log = process_errors(&scene->instance.process);
    assert_non_null(strstr(log, " error the disk does not answer, so "));
    assert_non_null(strstr(log, " bytes of messages were not acknowledged"));
    free(log);
    assert_true(connection_receive(&connection, &response) !=
                CONNECTION_ANSWERED);
    connection_close(&connection);
    instance_release(&scene->instance);
    store_scene_set_slow(scene, "syncs", false);
    store_scene_start(scene);
    struct fleet_message tenth = fleet_faster("moon", 10, 1);
    EXCHANGE(&scene->instance, .body = tenth.body, .status = 202,
             .part = "\"result\":\"duplicate\"");
    instance_stop(&scene->instance);
}

/* By the checkpoint at the end: all responses have been sent. */
static void close_ends_although_the_disk_does_not_answer(void **state)
{
    struct store_scene *scene = *state;

    store_scene_start_slow(scene, "-log-format=text");
    instance_wait_ready(&scene->instance);
    store_scene_post(&scene->instance, 10);
    store_scene_set_slow(scene, "syncs", true);
    process_signal(&scene->instance.process, SIGTERM);
    assert_int_equal(process_wait(&scene->instance.process, INSTANCE_PATIENCE),
                     STATUS_FAILED);
    char *log = process_errors(&scene->instance.process);
    assert_non_null(strstr(log, " error the disk does not answer, but no "));
    free(log);
    instance_release(&scene->instance);
    store_scene_set_slow(scene, "syncs", false);
    store_scene_start(scene);
    EXCHANGE(&scene->instance, .target = "/rockets/moon", .status = 200,
             .part = "\"lastMessageNumber\":10,");
    instance_stop(&scene->instance);
}

/* By the checkpoint of a recovery, during which signals are only looked for. */
static void recovery_ends_although_the_disk_does_not_answer(void **state)
{
    struct store_scene *scene = *state;

    store_scene_start(scene);
    store_scene_post(&scene->instance, 10);
    instance_stop(&scene->instance);
    store_scene_set_slow(scene, "syncs", true);
    store_scene_start_slow(scene, "-log-format=text");
    /* Before its sync, a signal ends the recovery by itself. */
    store_scene_wait_sync(scene);
    int64_t begin = process_clock();
    process_signal(&scene->instance.process, SIGTERM);
    assert_int_equal(process_wait(&scene->instance.process, INSTANCE_PATIENCE),
                     STATUS_FAILED);
    assert_true(process_clock() - begin >= HANG_MS);
    char *log = process_errors(&scene->instance.process);
    assert_non_null(strstr(log, " error a signal has asked for a stop, but "));
    free(log);
    instance_release(&scene->instance);
    store_scene_set_slow(scene, "syncs", false);
    store_scene_start(scene);
    EXCHANGE(&scene->instance, .target = "/rockets/moon", .status = 200,
             .part = "\"lastMessageNumber\":10,");
    instance_stop(&scene->instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_SCENE_TEST(requests_wait_until_the_state_is_recovered),
        STORE_SCENE_TEST(signal_ends_the_recovery),
        STORE_SCENE_TEST(terminal_has_a_bar_instead_of_lines),
        STORE_SCENE_TEST(stop_ends_although_the_disk_does_not_answer),
        STORE_SCENE_TEST(close_ends_although_the_disk_does_not_answer),
        STORE_SCENE_TEST(recovery_ends_although_the_disk_does_not_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
