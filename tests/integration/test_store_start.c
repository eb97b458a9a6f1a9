/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start and the stop with -data: what the service says, what survives a
 * kill, what clients are told while the state is recovered, and folders that it
 * refuses without a change. tests/durability looks for lost messages.
 */
#include "lib/count_parts.h"
#include "lib/data_folder.h"
#include "lib/harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENT "journal-00000000000000000001.db"

enum {
    MAX_PATH = 256,  /* of a file in the folder, or a variable */
    PADDED = 8000,   /* rockets that take more than 1 MiB */
    MESSAGES = 1000, /* each in a commit of its own */
    STATUS_FAILED = 1,
    /* The place of numbers in the header of a database (SQLite, 1.3). */
    USER_VERSION = 60,
    APPLICATION_ID = 68,
    HANG_MS = 8500, /* of a stop, while the disk does not answer */
};

struct scene {
    struct data_folder folder;
    struct instance instance;
};

static int set_up(void **state)
{
    static struct scene scene;

    scene = (struct scene){0};
    data_folder_make(&scene.folder);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    instance_release(&scene->instance);
    return data_folder_remove(&scene->folder);
}

static void start(struct scene *scene)
{
    instance_start(&scene->instance, INSTANCE_FLAGS(scene->folder.flag));
}

/* Messages 1 to `count` of the rocket "moon", one after the other. */
static void post_messages(const struct instance *instance, uint64_t count)
{
    struct connection connection;

    instance_connect(instance, &connection);
    for (uint64_t number = 1; number <= count; number++) {
        struct fleet_message message =
            number == 1 ? fleet_launched("moon", 1, "Falcon-9", 500, "ARTEMIS")
                        : fleet_faster("moon", number, 1);
        fleet_post(&connection, &message);
    }
    connection_close(&connection);
}

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
    struct scene *scene = *state;
    char expected[512];

    start(scene);
    snprintf(expected, sizeof(expected),
             "lunar.service: listening on http://127.0.0.1:%u (API: "
             "http://127.0.0.1:%u/swagger; state kept in %s)",
             scene->instance.port, scene->instance.port, scene->folder.path);
    assert_string_equal(scene->instance.ready, expected);
    post_messages(&scene->instance, 2);
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
    struct scene *scene = *state;
    static const char list[] = "/rockets?sort=speed";
    char etag[128], etag_after[128], fields[192];

    start(scene);
    post_messages(&scene->instance, 10);
    post_batch(&scene->instance);
    char *body = read_list(&scene->instance, list, etag);
    process_signal(&scene->instance.process, SIGKILL);
    instance_release(&scene->instance);

    start(scene);
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
    struct scene *scene = *state;
    struct dirent **entries = NULL;
    struct stat status;

    start(scene);
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
    struct scene *scene = *state;

    start(scene);
    post_messages(&scene->instance, 1);
    expect_refusal(scene->folder.flag, "in use by another lunar.service");
    EXCHANGE(&scene->instance, .target = "/rockets/moon", .status = 200);
    instance_stop(&scene->instance);
    start(scene);
    instance_stop(&scene->instance);
}

static void folder_that_cannot_be_used_is_refused(void **state)
{
    struct scene *scene = *state;
    char flag[MAX_PATH];

    snprintf(flag, sizeof(flag), "-data=%s/missing/data", scene->folder.root);
    expect_refusal(flag, "No such file or directory");
    int file = open(scene->folder.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    close(file);
    expect_refusal(scene->folder.flag, "Not a directory");
    expect_refusal("-data=/proc", "/proc");
}

/* A file of the folder as a whole. Ownership: the caller frees it. */
static char *read_segment(const struct scene *scene, size_t *size)
{
    char path[MAX_PATH];
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

static void write_segment(const struct scene *scene, const char *bytes,
                          size_t size)
{
    char path[MAX_PATH];

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
    struct scene *scene = *state;
    size_t size = 0, size_after = 0;

    start(scene);
    post_messages(&scene->instance, 100);
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
    start(scene);
    EXCHANGE(&scene->instance, .target = "/rockets/moon", .status = 200,
             .part = "\"lastMessageNumber\":100,");
    instance_stop(&scene->instance);
    free(bytes);
}

/* Make PATH.`what` of the slow disk, or remove it. */
static void set_slow(const struct scene *scene, const char *what, bool slow)
{
    char path[MAX_PATH];

    snprintf(path, sizeof(path), "%s/disk.%s", scene->folder.root, what);
    if (slow)
        close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    else
        unlink(path);
}

/* The environment that makes the disk a slow one. */
static void write_slow_variables(const struct scene *scene, char library[512],
                                 char disk[MAX_PATH])
{
    snprintf(library, 512, "LD_PRELOAD=%s", process_setting("LUNAR_SLOW_DISK"));
    snprintf(disk, MAX_PATH, "SLOW_DISK=%s/disk", scene->folder.root);
}

/* Start on the slow disk, and return when the service listens. */
static void start_slow(struct scene *scene, const char *format)
{
    char library[512], disk[MAX_PATH];
    const char *const variables[] = {library, disk, "LUNAR_IDLE_TIMEOUT=3600",
                                     NULL};
    static const char listening[] = "listening on http://127.0.0.1:";
    struct instance *instance = &scene->instance;

    *instance = (struct instance){0};
    write_slow_variables(scene, library, disk);
    instance_start_command(
        &instance->process,
        INSTANCE_FLAGS("-port=0", scene->folder.flag, format), variables);
    process_wait_error(&instance->process, listening);
    char *log = process_errors(&instance->process);
    instance->port =
        (uint16_t)strtoul(strstr(log, listening) + strlen(listening), NULL, 10);
    free(log);
}

/* Have a journal of which each page takes a second to read. */
static void make_slow_journal(struct scene *scene)
{
    start(scene);
    post_messages(&scene->instance, MESSAGES);
    instance_stop(&scene->instance);
    set_slow(scene, "reads", true);
}

static void requests_wait_until_the_state_is_recovered(void **state)
{
    struct scene *scene = *state;
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
    };
    char line[512];

    make_slow_journal(scene);
    start_slow(scene, "-log-format=text");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct exchange row = rows[i];
        /* How long to wait depends on how far it is. */
        row.header = NULL;
        exchanges_run(&scene->instance, &row, 1);
    }
    process_wait_error(&scene->instance.process, " messages, about ");
    assert_false(process_line(&scene->instance.process, line, sizeof(line), 0));
    set_slow(scene, "reads", false);
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
    struct scene *scene = *state;

    make_slow_journal(scene);
    start_slow(scene, "-log-format=json");
    process_wait_error(&scene->instance.process, "\"secondsLeft\":");
    char *log = instance_stop_log(&scene->instance);
    assert_non_null(
        strstr(log, "\"message\":\"listening on http://127.0.0.1:"));
    assert_non_null(strstr(log, "\"message\":\"recovering from "));
    assert_non_null(strstr(log, "\"percent\":"));
    assert_non_null(strstr(log, "SIGTERM: stopping"));
    assert_non_null(strstr(log, "stopped before the state was recovered"));
    assert_null(strstr(log, "stopped after"));
    free(log);
    set_slow(scene, "reads", false);
    start(scene);
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
    struct scene *scene = *state;
    char library[512], disk[MAX_PATH], text[64 * 1024] = "", device[64];
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
    write_slow_variables(scene, library, disk);
    process_start(&scene->instance.process, arguments, variables);
    read_terminal(terminal, text, sizeof(text), "recovering [#");
    set_slow(scene, "reads", false);
    instance_wait_ready(&scene->instance);
    read_terminal(terminal, text, sizeof(text), "recovered 1 rockets from ");
    assert_null(strstr(text, "recovering from"));
    /* Each bar is erased before anything else is written to its row. */
    for (const char *at = text; (at = strstr(at, "recovering [")) != NULL;) {
        at = strstr(at, " left");
        assert_non_null(at);
        at += strlen(" left");
        assert_memory_equal(at, "\r\033[K", 4);
    }
    instance_stop(&scene->instance);
    read_terminal(terminal, text, sizeof(text), "stopped after ");
    const char *end = strstr(text, "recovered 1 rockets from ");
    assert_null(strstr(end, "recovering ["));
    close(terminal);
}

/* What was acknowledged is kept, also if the limit is lower than before. */
static void full_service_restarts_with_a_lower_limit(void **state)
{
    struct scene *scene = *state;
    struct fleet_message another =
        fleet_launched("another", 1, "Falcon-9", 500, "ARTEMIS");
    struct fleet_message known = fleet_faster("rocket-000000", 2, 1);

    start(scene);
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

static void stop_ends_although_the_disk_does_not_answer(void **state)
{
    struct scene *scene = *state;
    struct fleet_message lost = fleet_faster("moon", 11, 1);
    struct connection connection;
    struct response response;

    start_slow(scene, "-log-format=text");
    instance_wait_ready(&scene->instance);
    post_messages(&scene->instance, 10);
    set_slow(scene, "syncs", true);
    instance_connect(&scene->instance, &connection);
    assert_true(connection_post(&connection, lost.body));
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
    set_slow(scene, "syncs", false);
    start(scene);
    struct fleet_message tenth = fleet_faster("moon", 10, 1);
    EXCHANGE(&scene->instance, .body = tenth.body, .status = 202,
             .part = "\"result\":\"duplicate\"");
    instance_stop(&scene->instance);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(ready_line_and_log_say_that_state_is_kept),
        TEST(rockets_etags_and_cursors_survive_a_kill),
        TEST(only_the_user_can_read_what_is_kept),
        TEST(second_process_on_a_folder_is_refused),
        TEST(folder_that_cannot_be_used_is_refused),
        TEST(damaged_or_newer_journal_is_refused_and_unchanged),
        TEST(requests_wait_until_the_state_is_recovered),
        TEST(signal_ends_the_recovery),
        TEST(terminal_has_a_bar_instead_of_lines),
        TEST(full_service_restarts_with_a_lower_limit),
        TEST(stop_ends_although_the_disk_does_not_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
