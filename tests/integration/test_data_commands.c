/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -check, -backup, -restore and -export with the real binary: of folders that
 * are served and of others.
 */
#include "command.h"

#include "lib/without_revisions.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    INGEST_ROCKETS = 16,  /* of the ingest beside backups */
    INGEST_BATCH = 200,   /* messages */
    INGEST_BATCHES = 600, /* which make some snapshots of 1 MiB */
};

static void a_stopped_folder_is_checked_backed_up_and_restored(void **state)
{
    struct store_scene *scene = *state;
    struct command_path file = command_path(scene, "backup"),
                        restored = command_path(scene, "restored");
    char flag[COMMAND_PATH + 16], expected[4 * COMMAND_PATH];

    command_make_folder(scene);
    char *output =
        command_expect_done(INSTANCE_FLAGS(scene->folder.flag, "-check"));
    command_expect_part(output, COMMAND_SNAPSHOT);
    command_expect_part(output, " rockets  ok\njournal-");
    command_expect_part(output, " to 8,020  ");
    command_expect_part(output, " messages  ok\nsound: ");
    snprintf(expected, sizeof(expected),
             "sound: a service can start with %s, up to position 8,020\n",
             scene->folder.path);
    command_expect_part(output, expected);
    free(output);

    snprintf(flag, sizeof(flag), "-backup=%s", file.text);
    output = command_expect_done(INSTANCE_FLAGS(scene->folder.flag, flag));
    snprintf(expected, sizeof(expected),
             "%s is a backup of %s up to position 8,020: ", file.text,
             scene->folder.path);
    command_expect_part(output, expected);
    snprintf(expected, sizeof(expected),
             " messages after it\nrestore it with lunar.service "
             "-data=NEW_FOLDER -restore=%s\n",
             file.text);
    command_expect_part(output, expected);
    free(output);

    snprintf(flag, sizeof(flag), "-check=%s", file.text);
    output = command_expect_done(INSTANCE_FLAGS(flag));
    snprintf(expected, sizeof(expected),
             "sound: %s restores all up to position 8,020\n", file.text);
    command_expect_part(output, expected);
    free(output);

    command_restore(file.text, restored.text);
    char *before = command_export(scene->folder.path);
    char *after = command_export(restored.text);
    assert_string_equal(after, before);
    free(before);
    free(after);
}

/*
 * The whole list of the service, as an export has it: each rocket on a line of
 * its own, without its revision.
 */
static char *list_as_lines(const struct instance *instance)
{
    struct response response;

    instance_get(instance, "/rockets", &response);
    response_expect_status(&response, 200);
    without_revisions(response.body);
    size_t length = strlen(response.body);
    char *lines = malloc(length + 1);
    if (lines == NULL)
        abort();
    /* "[{...},{...}]": values have neither braces nor brackets here. */
    char *at = lines;
    for (size_t i = 1; i + 1 < length; i++) {
        if (response.body[i] == ',' && response.body[i - 1] == '}')
            continue;
        *at++ = response.body[i];
        if (response.body[i] == '}')
            *at++ = '\n';
    }
    *at = '\0';
    response_release(&response);
    return lines;
}

static void a_restored_folder_is_served(void **state)
{
    struct store_scene *scene = *state;
    struct command_path file = command_path(scene, "backup"),
                        restored = command_path(scene, "restored");
    char flag[COMMAND_PATH + 8];

    command_make_folder(scene);
    command_back_up(scene, file.text);
    command_restore(file.text, restored.text);
    char *exported = command_export(scene->folder.path);
    snprintf(flag, sizeof(flag), "-data=%s", restored.text);
    instance_start(&scene->instance, INSTANCE_FLAGS(flag));
    char *lines = list_as_lines(&scene->instance);
    assert_string_equal(lines, exported);
    free(lines);
    free(exported);
    /* It goes on from there. */
    struct fleet_message next = fleet_faster("moon", 21, 1);
    EXCHANGE(&scene->instance, .body = next.body, .status = 202,
             .part = "\"result\":\"applied\"");
    instance_stop(&scene->instance);
    instance_start(&scene->instance, INSTANCE_FLAGS(flag));
    assert_int_equal(bulk_messages_of(&scene->instance, "moon"), 21);
    instance_stop(&scene->instance);
}

/* As 0.4.0 made them, or with -snapshot=off. */
static void a_folder_without_a_snapshot_is_backed_up_and_restored(void **state)
{
    struct store_scene *scene = *state;
    struct command_path file = command_path(scene, "backup"),
                        restored = command_path(scene, "restored");
    char flag[COMMAND_PATH + 8];

    instance_start(&scene->instance,
                   INSTANCE_FLAGS(scene->folder.flag, "-snapshot=off"));
    store_scene_post(&scene->instance, 20);
    instance_stop(&scene->instance);
    char *output =
        command_expect_done(INSTANCE_FLAGS(scene->folder.flag, "-check"));
    command_expect_part(output, COMMAND_FIRST_SEGMENT);
    command_expect_part(output,
                        "  positions 1 to 20  20 messages  ok\nsound: ");
    free(output);
    command_back_up(scene, file.text);
    snprintf(flag, sizeof(flag), "-check=%s", file.text);
    output = command_expect_done(INSTANCE_FLAGS(flag));
    assert_int_equal(strncmp(output, "journal  ", 9), 0);
    command_expect_part(output,
                        "  positions 1 to 20  20 messages  ok\nsound: ");
    free(output);
    command_restore(file.text, restored.text);
    char *before = command_export(scene->folder.path);
    char *after = command_export(restored.text);
    assert_string_equal(after, before);
    assert_non_null(strstr(before, "\"lastMessageNumber\":20,"));
    free(before);
    free(after);
    snprintf(flag, sizeof(flag), "-data=%s", restored.text);
    instance_start(&scene->instance, INSTANCE_FLAGS(flag));
    assert_int_equal(bulk_messages_of(&scene->instance, "moon"), 20);
    instance_stop(&scene->instance);
}

/* A backup of a service that has taken no message. */
static void an_empty_history_is_backed_up_and_restored(void **state)
{
    struct store_scene *scene = *state;
    struct command_path file = command_path(scene, "backup"),
                        restored = command_path(scene, "restored");

    store_scene_start(scene);
    command_back_up(scene, file.text);
    instance_stop(&scene->instance);
    command_restore(file.text, restored.text);
    char *after = command_export(restored.text);
    assert_string_equal(after, "");
    free(after);
}

/* So they also work on a disk that is full, or cannot be written. */
static void only_a_restore_changes_a_folder(void **state)
{
    struct store_scene *scene = *state;
    struct command_path file = command_path(scene, "backup");

    command_make_folder(scene);
    uint64_t hash = folder_hash(scene->folder.path);
    free(command_expect_done(INSTANCE_FLAGS(scene->folder.flag, "-check")));
    command_back_up(scene, file.text);
    free(command_export(scene->folder.path));
    assert_int_equal(folder_hash(scene->folder.path), hash);
}

static void a_service_that_runs_is_backed_up_with_all_it_has(void **state)
{
    struct store_scene *scene = *state;
    struct command_path file = command_path(scene, "backup"),
                        restored = command_path(scene, "restored");

    command_start_service(scene);
    fleet_launch(&scene->instance, 8000, 250);
    store_scene_post(&scene->instance, 20);
    char *output =
        command_expect_done(INSTANCE_FLAGS(scene->folder.flag, "-check"));
    command_expect_part(output, "sound: a service runs with ");
    command_expect_part(output, ", up to position 8,020\n");
    free(output);
    command_back_up(scene, file.text);
    char *lines = list_as_lines(&scene->instance);
    instance_stop(&scene->instance);
    command_restore(file.text, restored.text);
    char *after = command_export(restored.text);
    assert_string_equal(after, lines);
    free(after);
    free(lines);
}

/* Posts batches, whose messages go to the rockets in turns. */
struct ingest {
    const struct instance *instance;
    _Atomic uint64_t acknowledged; /* messages */
    _Atomic bool done;
};

static void *post_batches(void *context)
{
    struct ingest *ingest = context;
    struct connection connection;
    uint64_t sent = 0;

    instance_connect(ingest->instance, &connection);
    for (int i = 0; i < INGEST_BATCHES; i++) {
        struct bulk bulk;
        bulk_begin(&bulk);
        for (int j = 0; j < INGEST_BATCH; j++, sent++) {
            char id[32];
            snprintf(id, sizeof(id), "rocket-%02ju",
                     (uintmax_t)(sent % INGEST_ROCKETS));
            bulk_add(&bulk, id, sent / INGEST_ROCKETS + 1);
        }
        bulk_end(&bulk);
        assert_true(connection_post_bytes(&connection, BULK_TYPE, bulk.text,
                                          bulk.length));
        bulk_expect_applied(&connection, INGEST_BATCH);
        free(bulk.text);
        atomic_store(&ingest->acknowledged, sent);
    }
    connection_close(&connection);
    atomic_store(&ingest->done, true);
    return NULL;
}

/*
 * The exported rockets are those after some number of messages, in the order in
 * which they were sent. Returns that number.
 */
static uint64_t count_messages(const char *exported)
{
    uint64_t numbers[INGEST_ROCKETS] = {0}, count = 0;

    for (size_t i = 0; i < INGEST_ROCKETS; i++) {
        char id[48];
        snprintf(id, sizeof(id), "{\"id\":\"rocket-%02zu\"", i);
        const char *line = strstr(exported, id);
        if (line == NULL)
            continue;
        const char *member = strstr(line, "\"lastMessageNumber\":");
        assert_non_null(member);
        char *end = NULL;
        numbers[i] =
            strtoull(member + strlen("\"lastMessageNumber\":"), &end, 10);
        assert_int_equal(strncmp(end, ",\"missingMessages\":0}", 21), 0);
        count += numbers[i];
    }
    for (uint64_t i = 0; i < INGEST_ROCKETS; i++)
        assert_int_equal(numbers[i],
                         (count + INGEST_ROCKETS - 1 - i) / INGEST_ROCKETS);
    return count;
}

/*
 * A backup while messages arrive, segments begin and go, and snapshots are
 * written, has all that was acknowledged before, and the begin of the rest.
 */
static void a_backup_under_ingest_has_all_that_was_acknowledged(void **state)
{
    struct store_scene *scene = *state;
    struct command_path file = command_path(scene, "backup"),
                        restored = command_path(scene, "restored");
    struct ingest ingest = {.instance = &scene->instance};
    pthread_t thread;
    size_t rounds = 0;

    command_start_service(scene);
    assert_int_equal(pthread_create(&thread, NULL, post_batches, &ingest), 0);
    while (!atomic_load(&ingest.done)) {
        uint64_t before = atomic_load(&ingest.acknowledged);
        command_back_up(scene, file.text);
        uint64_t after =
            atomic_load(&ingest.acknowledged) + (uint64_t)INGEST_BATCH;
        free(command_expect_done(INSTANCE_FLAGS(scene->folder.flag, "-check")));
        command_restore(file.text, restored.text);
        char *exported = command_export(restored.text);
        uint64_t count = count_messages(exported);
        if (count < before || count > after)
            fail_msg("%ju were acknowledged, at most %ju sent, and the backup "
                     "has %ju",
                     (uintmax_t)before, (uintmax_t)after, (uintmax_t)count);
        free(exported);
        assert_int_equal(unlink(file.text), 0);
        assert_int_equal(folder_remove(restored.text), 0);
        rounds++;
    }
    pthread_join(thread, NULL);
    assert_true(rounds > 1);
    char *log = instance_stop_log(&scene->instance);
    command_expect_part(log, " info  snapshot of 16 rockets at position ");
    free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_SCENE_TEST(a_stopped_folder_is_checked_backed_up_and_restored),
        STORE_SCENE_TEST(a_restored_folder_is_served),
        STORE_SCENE_TEST(a_folder_without_a_snapshot_is_backed_up_and_restored),
        STORE_SCENE_TEST(an_empty_history_is_backed_up_and_restored),
        STORE_SCENE_TEST(only_a_restore_changes_a_folder),
        STORE_SCENE_TEST(a_service_that_runs_is_backed_up_with_all_it_has),
        STORE_SCENE_TEST(a_backup_under_ingest_has_all_that_was_acknowledged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
