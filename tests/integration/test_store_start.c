/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start and the stop with -data: what the service says, what survives a
 * kill, and folders that it refuses without a change. tests/durability looks
 * for lost messages.
 */
#include "store_scene.h"

#include "lib/count_parts.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENT "journal-00000000000000000001.db"

enum {
    PADDED = 8000, /* rockets that take more than 1 MiB */
    STATUS_FAILED = 1,
    /* The place of numbers in the header of a database (SQLite, 1.3). */
    USER_VERSION = 60,
    APPLICATION_ID = 68,
};

/*
 * A batch of messages of two rockets, in turns. A channel that looks like a
 * UUID has a form of its own in the journal.
 */
static void post_batch(const struct instance *instance)
{
    static const char *const channels[] = {
        "193270a9-c9cf-404a-8f83-838e71d9ae67",
        "6b913b44-6bb4-51ee-b936-e8de383cb3f6"};
    struct connection connection;
    struct bulk bulk;

    bulk_begin(&bulk);
    for (uint64_t number = 1; number <= 200; number++)
        bulk_add(&bulk, channels[number % 2], (number + 1) / 2);
    bulk_end(&bulk);
    instance_connect(instance, &connection);
    assert_true(
        connection_post_bytes(&connection, BULK_TYPE, bulk.text, bulk.length));
    bulk_expect_applied(&connection, 200);
    connection_close(&connection);
    free(bulk.text);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(bulk_messages_of(instance, channels[i]), 100);
}

/* The body of the response to `target`, and its ETag. Ownership: caller's. */
static char *read_list(const struct instance *instance, const char *target,
                       char etag[128])
{
    struct response response;

    instance_get(instance, target, &response);
    response_expect_status(&response, 200);
    snprintf(etag, 128, "%s", response_header(&response, "ETag"));
    char *body = response.body;
    response.body = NULL;
    response_release(&response);
    return body;
}

static void ready_line_and_log_say_that_state_is_kept(void **state)
{
    struct store_scene *scene = *state;
    char expected[512];

    store_scene_start(scene);
    snprintf(expected, sizeof(expected), "state kept in %s",
             scene->folder.path);
    instance_expect_ready(&scene->instance, "127.0.0.1", expected);
    store_scene_post(&scene->instance, 2);
    char *log = instance_stop_log(&scene->instance);
    snprintf(expected, sizeof(expected),
             " info  listening on http://127.0.0.1:%u; recovering the state "
             "from %s, until then requests get 503\n",
             scene->instance.port, scene->folder.path);
    assert_non_null(strstr(log, expected));
    snprintf(expected, sizeof(expected),
             " info  recovered 0 rockets from %s: 0 messages in ",
             scene->folder.path);
    assert_non_null(strstr(log, expected));
    snprintf(expected, sizeof(expected), " 1 rockets, kept in %s\n",
             scene->folder.path);
    assert_non_null(strstr(log, expected));
    free(log);
}

static void rockets_etags_and_cursors_survive_a_kill(void **state)
{
    struct store_scene *scene = *state;
    static const char list[] = "/rockets?sort=speed";
    char etag[128], etag_after[128], fields[192];

    store_scene_start(scene);
    store_scene_post(&scene->instance, 10);
    post_batch(&scene->instance);
    char *body = read_list(&scene->instance, list, etag);
    process_signal(&scene->instance.process, SIGKILL);
    instance_release(&scene->instance);

    store_scene_start(scene);
    char *after = read_list(&scene->instance, list, etag_after);
    assert_string_equal(after, body);
    assert_string_equal(etag_after, etag);
    snprintf(fields, sizeof(fields), "If-None-Match: %s\r\n", etag);
    EXCHANGE(&scene->instance, .target = list, .fields = fields, .status = 304);
    struct fleet_message again = fleet_faster("moon", 7, 1);
    EXCHANGE(&scene->instance, .body = again.body, .status = 202,
             .part = "\"result\":\"duplicate\"");
    instance_stop(&scene->instance);
    free(body);
    free(after);
}

static void only_the_user_can_read_what_is_kept(void **state)
{
    struct store_scene *scene = *state;
    struct dirent **entries = NULL;
    struct stat status;

    store_scene_start(scene);
    assert_int_equal(stat(scene->folder.path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    int count = scandir(scene->folder.path, &entries, NULL, alphasort);
    assert_true(count > 3);
    for (int i = 0; i < count; i++) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", scene->folder.path,
                 entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') {
            assert_int_equal(stat(path, &status), 0);
            assert_int_equal(status.st_mode & 07777, 0600);
        }
        free(entries[i]);
    }
    free(entries);
    instance_stop(&scene->instance);
}

/* Expect that the service does not start: one line, and the status 1. */
static void expect_refusal(const char *flag, const char *part)
{
    struct process process;
    char *errors = NULL;

    instance_start_command(&process, INSTANCE_FLAGS("-port=0", flag), NULL);
    char *output = process_finish(&process, STATUS_FAILED, &errors);
    assert_string_equal(output, "");
    const char *last = strstr(errors, "lunar.service: ");
    if (last == NULL || strstr(last, part) == NULL ||
        count_parts(last, "\n") != 1)
        fail_msg("no line with \"%s\": %s", part, errors);
    free(output);
    free(errors);
}

static void second_process_on_a_folder_is_refused(void **state)
{
    struct store_scene *scene = *state;

    store_scene_start(scene);
    store_scene_post(&scene->instance, 1);
    expect_refusal(scene->folder.flag, "in use by another lunar.service");
    EXCHANGE(&scene->instance, .target = "/rockets/moon", .status = 200);
    instance_stop(&scene->instance);
    store_scene_start(scene);
    instance_stop(&scene->instance);
}

static void folder_that_cannot_be_used_is_refused(void **state)
{
    struct store_scene *scene = *state;
    char flag[STORE_SCENE_PATH];

    snprintf(flag, sizeof(flag), "-data=%s/missing/data", scene->folder.root);
    expect_refusal(flag, "No such file or directory");
    int file = open(scene->folder.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    close(file);
    expect_refusal(scene->folder.flag, "Not a directory");
    expect_refusal("-data=/proc", "/proc");
}

/* A file of the folder as a whole. Ownership: the caller frees it. */
static char *read_segment(const struct store_scene *scene, size_t *size)
{
    char path[STORE_SCENE_PATH];
    char *bytes = NULL;

    snprintf(path, sizeof(path), "%s/" SEGMENT, scene->folder.path);
    FILE *file = fopen(path, "re");
    FILE *copy = open_memstream(&bytes, size);
    if (file == NULL || copy == NULL)
        abort();
    for (int byte = getc(file); byte != EOF; byte = getc(file))
        putc(byte, copy);
    fclose(file);
    fclose(copy);
    return bytes;
}

static void write_segment(const struct store_scene *scene, const char *bytes,
                          size_t size)
{
    char path[STORE_SCENE_PATH];

    snprintf(path, sizeof(path), "%s/" SEGMENT, scene->folder.path);
    FILE *file = fopen(path, "we");
    if (file == NULL || fwrite(bytes, 1, size, file) != size ||
        fclose(file) != 0)
        abort();
}

/* A byte of the segment is changed: what the service says then. */
static const struct {
    size_t at; /* 0: in the middle of the last message */
    const char *part;
} changes[] = {
    {0, SEGMENT " is damaged at position "},
    {1, SEGMENT " is damaged: "},
    {USER_VERSION, " has version 255.1, but lunar.service "},
    {APPLICATION_ID, "is a database of another program"},
};

static void damaged_or_newer_journal_is_refused_and_unchanged(void **state)
{
    struct store_scene *scene = *state;
    size_t size = 0, size_after = 0;

    store_scene_start(scene);
    store_scene_post(&scene->instance, 100);
    instance_stop(&scene->instance);
    char *bytes = read_segment(scene, &size);
    const char *message = memmem(bytes, size, "moon", 4);
    if (message == NULL)
        abort();
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        size_t at = changes[i].at != 0 ? changes[i].at + (i > 1 ? 3 : 0)
                                       : (size_t)(message - bytes);
        char byte = bytes[at];
        bytes[at] = (char)~(unsigned char)byte;
        if (changes[i].at == USER_VERSION)
            bytes[at] = (char)255;
        write_segment(scene, bytes, size);
        expect_refusal(scene->folder.flag, changes[i].part);
        char *after = read_segment(scene, &size_after);
        assert_int_equal(size_after, size);
        assert_memory_equal(after, bytes, size);
        free(after);
        bytes[at] = byte;
    }
    write_segment(scene, bytes, size);
    store_scene_start(scene);
    EXCHANGE(&scene->instance, .target = "/rockets/moon", .status = 200,
             .part = "\"lastMessageNumber\":100,");
    instance_stop(&scene->instance);
    free(bytes);
}

/* What was acknowledged is kept, also if the limit is lower than before. */
static void full_service_restarts_with_a_lower_limit(void **state)
{
    struct store_scene *scene = *state;
    struct fleet_message another =
        fleet_launched("another", 1, "Falcon-9", 500, "ARTEMIS");
    struct fleet_message known = fleet_faster("rocket-000000", 2, 1);

    store_scene_start(scene);
    fleet_launch(&scene->instance, PADDED, 256);
    instance_stop(&scene->instance);
    instance_start(&scene->instance,
                   INSTANCE_FLAGS(scene->folder.flag, "-max-memory=1M"));
    EXCHANGE(&scene->instance, .target = "/rockets?limit=1", .status = 200,
             .header = "X-Total-Count", .value = "8000");
    EXCHANGE(&scene->instance, .body = another.body, .status = 503);
    EXCHANGE(&scene->instance, .body = known.body, .status = 202,
             .part = "\"result\":\"applied\"");
    char *log = instance_stop_log(&scene->instance);
    assert_non_null(strstr(log, " bytes, more than -max-memory=1048576: "));
    free(log);
}

int main(void)
{
#define X
    const struct CMUnitTest tests[] = {
        STORE_SCENE_TEST(ready_line_and_log_say_that_state_is_kept),
        STORE_SCENE_TEST(rockets_etags_and_cursors_survive_a_kill),
        STORE_SCENE_TEST(only_the_user_can_read_what_is_kept),
        STORE_SCENE_TEST(second_process_on_a_folder_is_refused),
        STORE_SCENE_TEST(folder_that_cannot_be_used_is_refused),
        STORE_SCENE_TEST(damaged_or_newer_journal_is_refused_and_unchanged),
        STORE_SCENE_TEST(full_service_restarts_with_a_lower_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
