/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGHUP with -tokens: the file is read again, at any time, and no request
 * notices but by what has changed. Tokens are made by the service itself.
 */
#include "lib/harness.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/count_parts.h"
#include "lib/temporary_folder.h"

enum {
    RELOADS = 40,
    CLIENTS = 4,
    MAX_TOKEN = 128, /* bytes of a token or its line, with a NUL */
    MAX_PATH = FOLDER_ROOT + 32,
    QUIET_MS = 300, /* in which a service that must not end does not end */
};

/* A token, and its line of the file. */
struct token {
    char text[MAX_TOKEN], line[2 * MAX_TOKEN];
};

/* A folder with a file of tokens, and the service that reads it. */
struct scene {
    char root[FOLDER_ROOT], file[MAX_PATH], flag[MAX_PATH + 16];
    struct token old, other; /* with all scopes; with the scope read */
    struct instance instance;
};

static void make_token(const char *name, const char *scopes,
                       struct token *token)
{
    struct process process;
    char *errors = NULL;

    instance_start_command(&process, INSTANCE_FLAGS("-new-token", name, scopes),
                           NULL);
    char *output = process_finish(&process, 0, &errors);
    assert_int_equal(
        sscanf(output, "%127[^\n]\n%255[^\n]", token->text, token->line), 2);
    free(output);
    free(errors);
}

/* Replace the file at once, as an operator should. */
static void write_tokens(const struct scene *scene, mode_t mode,
                         const char *first, const char *second)
{
    char path[MAX_PATH + 4];

    snprintf(path, sizeof(path), "%s.new", scene->file);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fprintf(file, "# tokens\n%s\n%s\n", first, second);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
    assert_int_equal(rename(path, scene->file), 0);
}

static void scene_make(struct scene *scene)
{
    *scene = (struct scene){0};
    folder_make(scene->root);
    snprintf(scene->file, sizeof(scene->file), "%s/tokens", scene->root);
    snprintf(scene->flag, sizeof(scene->flag), "-tokens=%s", scene->file);
    make_token("old", "ingest,read,metrics,admin", &scene->old);
    make_token("other", "read", &scene->other);
    write_tokens(scene, 0640, scene->old.line, "");
}

static void scene_start(struct scene *scene, const char *flag)
{
    scene_make(scene);
    instance_start(&scene->instance, INSTANCE_FLAGS(scene->flag, flag));
}

static void scene_end(struct scene *scene)
{
    unlink(scene->file);
    assert_int_equal(rmdir(scene->root), 0);
}

static void expect_read(const struct scene *scene, const struct token *token,
                        unsigned status)
{
    char fields[MAX_TOKEN + 64];

    snprintf(fields, sizeof(fields), "Authorization: Bearer %s\r\n",
             token->text);
    EXCHANGE(&scene->instance, .method = "GET", .target = "/rockets",
             .fields = fields, .status = status);
}

/* Wait until the log has a part `count` times. */
static void wait_for_lines(const struct process *process, const char *part,
                           size_t count)
{
    int64_t deadline = process_clock() + INSTANCE_PATIENCE;
    size_t found = 0;

    while (found < count && process_clock() < deadline) {
        char *log = process_errors(process);
        found = count_parts(log, part);
        free(log);
        if (found < count)
            process_wait_until(process_clock() + 1);
    }
    assert_int_equal(found, count);
}

/* Send SIGHUP, and wait for what the log says of it. */
static void reload(const struct scene *scene, const char *part, size_t count)
{
    process_signal(&scene->instance.process, SIGHUP);
    wait_for_lines(&scene->instance.process, part, count);
}

static void new_token_counts_and_a_removed_one_does_not(void **state)
{
    static const char *const modes[] = {"-threads=2",
                                        "-threads=per-connection"};

    (void)state;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        struct scene scene;

        scene_start(&scene, modes[i]);
        expect_read(&scene, &scene.old, 200);
        expect_read(&scene, &scene.other, 401);
        write_tokens(&scene, 0640, scene.old.line, scene.other.line);
        expect_read(&scene, &scene.other, 401);
        reload(&scene, "tokens: 2 tokens\n", 1);
        expect_read(&scene, &scene.old, 200);
        expect_read(&scene, &scene.other, 200);
        write_tokens(&scene, 0640, scene.other.line, "");
        reload(&scene, "tokens: 1 token\n", 1);
        expect_read(&scene, &scene.old, 401);
        expect_read(&scene, &scene.other, 200);
        instance_stop(&scene.instance);
        scene_end(&scene);
    }
}

static void bad_file_keeps_the_tokens_and_the_log_says_why(void **state)
{
    static const struct {
        mode_t mode;
        const char *second, *why;
    } rows[] = {
        {0644, "", "chmod 640 "},
        {0660, "", "chmod 640 "},
        {0640, "nonsense", "line 3 of "},
    };
    struct scene scene;

    (void)state;
    scene_start(&scene, "-threads=2");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        write_tokens(&scene, rows[i].mode, scene.other.line, rows[i].second);
        reload(
            &scene,
            "tokens is not reloaded, and what was read before stays in use: ",
            i + 1);
        process_wait_error(&scene.instance.process, rows[i].why);
        expect_read(&scene, &scene.old, 200);
        expect_read(&scene, &scene.other, 401);
    }
    unlink(scene.file);
    reload(&scene, " is not reloaded, ", 4);
    expect_read(&scene, &scene.old, 200);
    write_tokens(&scene, 0640, scene.old.line, scene.other.line);
    reload(&scene, "tokens: 2 tokens\n", 1);
    expect_read(&scene, &scene.other, 200);
    instance_stop(&scene.instance);
    scene_end(&scene);
}

/* As an operator's editor may leave it. It is valid, and locks all out. */
static void a_file_without_tokens_is_a_warning(void **state)
{
    struct scene scene;

    (void)state;
    scene_make(&scene);
    write_tokens(&scene, 0640, "", "");
    instance_start(&scene.instance, INSTANCE_FLAGS(scene.flag));
    wait_for_lines(&scene.instance.process, " warn  nobody has access, as ", 1);
    write_tokens(&scene, 0640, scene.old.line, "");
    reload(&scene, "tokens: 1 token\n", 1);
    write_tokens(&scene, 0640, "", "");
    reload(&scene, " warn  nobody has access, as ", 2);
    instance_stop(&scene.instance);
    instance_start(&scene.instance,
                   INSTANCE_FLAGS(scene.flag, "-anonymous=read"));
    char *log = instance_stop_log(&scene.instance);
    assert_int_equal(count_parts(log, " warn "), 0);
    free(log);
    scene_end(&scene);
}

/* A client that sends requests with its token until it is told to end. */
struct client {
    pthread_t thread;
    uint16_t port;
    const char *token;
    _Atomic bool *ends;
    _Atomic unsigned requests;
    unsigned wrong; /* the status of a wrong response; 1: none came */
};

static void *send_requests(void *context)
{
    struct client *client = context;
    struct connection connection;
    char fields[MAX_TOKEN + 64];

    snprintf(fields, sizeof(fields), "Authorization: Bearer %s\r\n",
             client->token);
    if (!connection_open(&connection, client->port)) {
        client->wrong = 1;
        return NULL;
    }
    while (!*client->ends && client->wrong == 0) {
        struct response response;

        connection_request(&connection, "GET", "/rockets", fields);
        if (connection_receive(&connection, &response) != CONNECTION_ANSWERED) {
            client->wrong = 1;
            break;
        }
        if (response.status != 200)
            client->wrong = response.status;
        response_release(&response);
        client->requests++;
    }
    connection_close(&connection);
    return NULL;
}

/* Reload a file that has both tokens, and others that come and go. */
static void reload_under_load(struct scene *scene, struct client clients[])
{
    struct token third;

    make_token("third", "read", &third);
    for (unsigned i = 0; i < RELOADS; i++) {
        char lines[4 * MAX_TOKEN + 2];

        snprintf(lines, sizeof(lines), "%s%s%s", scene->old.line,
                 i % 2 == 0 ? "\n" : "", i % 2 == 0 ? third.line : "");
        write_tokens(scene, 0640, scene->other.line, lines);
        reload(scene, " info  reloaded ", i + 1);
        for (size_t j = 0; j < CLIENTS; j++) {
            unsigned before = clients[j].requests;
            int64_t deadline = process_clock() + INSTANCE_PATIENCE;
            while (clients[j].requests == before && clients[j].wrong == 0 &&
                   process_clock() < deadline)
                process_wait_until(process_clock() + 1);
        }
    }
}

static void requests_see_no_error_while_tokens_are_reloaded(void **state)
{
    static const char *const modes[] = {"-threads=2",
                                        "-threads=per-connection"};

    (void)state;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        struct scene scene;
        struct client clients[CLIENTS] = {0};
        _Atomic bool ends = false;

        scene_make(&scene);
        write_tokens(&scene, 0640, scene.old.line, scene.other.line);
        instance_start(&scene.instance, INSTANCE_FLAGS(scene.flag, modes[i]));
        for (size_t j = 0; j < CLIENTS; j++) {
            clients[j].port = scene.instance.port;
            clients[j].token = j % 2 == 0 ? scene.old.text : scene.other.text;
            clients[j].ends = &ends;
            assert_int_equal(pthread_create(&clients[j].thread, NULL,
                                            send_requests, &clients[j]),
                             0);
        }
        reload_under_load(&scene, clients);
        ends = true;
        for (size_t j = 0; j < CLIENTS; j++) {
            pthread_join(clients[j].thread, NULL);
            assert_int_equal(clients[j].wrong, 0);
            assert_true(clients[j].requests >= RELOADS);
        }
        instance_stop(&scene.instance);
        scene_end(&scene);
    }
}

/*
 * Begin a batch whose head is accepted: the 100 says so.
 */
static void begin_batch(const struct scene *scene, const char *coding,
                        struct connection *connection)
{
    instance_connect(&scene->instance, connection);
    assert_true(connection_print(
        connection,
        "POST /messages HTTP/1.1\r\nHost: localhost\r\n"
        "Authorization: Bearer %s\r\nContent-Type: application/x-ndjson\r\n"
        "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n%s\r\n",
        scene->old.text, coding));
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    while (connection->length == 0 ||
           memmem(connection->data, connection->length, "\r\n\r\n", 4) == NULL)
        assert_true(
            connection_fill(connection, connection->length + 1, deadline));
    assert_memory_equal(connection->data, "HTTP/1.1 100", 12);
    connection->length = 0;
}

/*
 * A batch may last for any time. What arrives of it after its token was removed
 * is not taken, and the connection is closed; while the token is there, it goes
 * on over any number of reloads.
 */
static void batch_ends_with_its_token(void **state)
{
    static const struct {
        const char *threads, *coding;
    } rows[] = {
        {"-threads=2", ""},
        {"-threads=2", "Content-Encoding: gzip\r\n"},
        {"-threads=per-connection", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene;
        struct connection kept, removed;

        scene_start(&scene, rows[i].threads);
        begin_batch(&scene, "", &kept);
        write_tokens(&scene, 0640, scene.old.line, scene.other.line);
        reload(&scene, "tokens: 2 tokens\n", 1);
        connection_send_text(&kept, "3\r\n{}\n\r\n0\r\n\r\n");
        connection_expect_status(&kept, 400); /* its only line is none */
        connection_close(&kept);
        begin_batch(&scene, rows[i].coding, &removed);
        write_tokens(&scene, 0640, scene.other.line, "");
        reload(&scene, "tokens: 1 token\n", 1);
        connection_send_text(&removed, "3\r\n{}\n\r\n");
        connection_expect_closed(&removed);
        connection_close(&removed);
        char *log = instance_stop_log(&scene.instance);
        /* Not by a limit of time. */
        assert_int_equal(
            count_parts(log, "the rest of the body cannot be taken"), 1);
        free(log);
        scene_end(&scene);
    }
}

/* Many at once are one reload or more, after the last of them. */
static void no_signal_is_lost(void **state)
{
    struct scene scene;

    (void)state;
    scene_start(&scene, "-threads=2");
    for (unsigned i = 0; i < RELOADS; i++)
        process_signal(&scene.instance.process, SIGHUP);
    write_tokens(&scene, 0640, scene.old.line, scene.other.line);
    process_signal(&scene.instance.process, SIGHUP);
    process_wait_error(&scene.instance.process, "tokens: 2 tokens\n");
    expect_read(&scene, &scene.other, 200);
    instance_stop(&scene.instance);
    scene_end(&scene);
}

/* The shell blocks the signal, so that it is pending when the service starts.
 */
static void signal_before_the_service_is_ready_is_not_lost(void **state)
{
    struct scene scene;
    const char *const arguments[] = {"/usr/bin/env",
                                     "--block-signal=HUP",
                                     "/bin/sh",
                                     "-c",
                                     "kill -HUP $$; exec \"$0\" -port=0 \"$1\"",
                                     process_setting("LUNAR_SERVICE"),
                                     scene.flag,
                                     NULL};

    (void)state;
    scene_make(&scene);
    process_start(&scene.instance.process, arguments, NULL);
    instance_wait_ready(&scene.instance);
    wait_for_lines(&scene.instance.process, "tokens: 1 token\n", 1);
    expect_read(&scene, &scene.old, 200);
    instance_stop(&scene.instance);
    scene_end(&scene);
}

static void tokens_are_reloaded_in_the_drain(void **state)
{
    struct scene scene;

    (void)state;
    scene_start(&scene, "-drain=3600");
    process_signal(&scene.instance.process, SIGTERM);
    process_wait_error(&scene.instance.process, "draining");
    write_tokens(&scene, 0640, scene.other.line, "");
    reload(&scene, "tokens: 1 token\n", 1);
    expect_read(&scene, &scene.old, 401);
    expect_read(&scene, &scene.other, 200);
    process_signal(&scene.instance.process, SIGTERM);
    instance_expect_end(&scene.instance, 0);
    scene_end(&scene);
}

/* An operator has no other way to end what a removed token may do. */
static void tokens_are_reloaded_under_nohup(void **state)
{
    struct scene scene;
    const char *arguments[] = {"/bin/sh",
                               "-c",
                               "exec nohup \"$0\" -port=0 \"$1\"",
                               process_setting("LUNAR_SERVICE"),
                               scene.flag,
                               NULL};

    (void)state;
    scene_make(&scene);
    process_start(&scene.instance.process, arguments, NULL);
    instance_wait_ready(&scene.instance);
    write_tokens(&scene, 0640, scene.other.line, "");
    reload(&scene, "tokens: 1 token\n", 1);
    expect_read(&scene, &scene.old, 401);
    assert_int_equal(process_wait(&scene.instance.process, QUIET_MS),
                     PROCESS_LATE);
    instance_stop(&scene.instance);
    scene_end(&scene);
}

static void reloads_are_counted_by_their_results(void **state)
{
    struct scene scene;
    char fields[MAX_TOKEN + 64];

    (void)state;
    scene_start(&scene, "-threads=2");
    reload(&scene, " info  reloaded ", 1);
    write_tokens(&scene, 0644, scene.old.line, "");
    reload(&scene, " is not reloaded, ", 1);
    reload(&scene, " is not reloaded, ", 2);
    snprintf(fields, sizeof(fields), "Authorization: Bearer %s\r\n",
             scene.old.text);
    EXCHANGE(&scene.instance, .method = "GET", .target = "/metrics",
             .fields = fields, .status = 200,
             .part = "lunar_reloads_total{result=\"ok\"} 1\n"
                     "lunar_reloads_total{result=\"failed\"} ");
    instance_stop(&scene.instance);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_token_counts_and_a_removed_one_does_not),
        cmocka_unit_test(bad_file_keeps_the_tokens_and_the_log_says_why),
        cmocka_unit_test(a_file_without_tokens_is_a_warning),
        cmocka_unit_test(requests_see_no_error_while_tokens_are_reloaded),
        cmocka_unit_test(batch_ends_with_its_token),
        cmocka_unit_test(no_signal_is_lost),
        cmocka_unit_test(signal_before_the_service_is_ready_is_not_lost),
        cmocka_unit_test(tokens_are_reloaded_in_the_drain),
        cmocka_unit_test(tokens_are_reloaded_under_nohup),
        cmocka_unit_test(reloads_are_counted_by_their_results),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
