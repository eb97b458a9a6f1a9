/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stop of the service while lists wait for a worker. The test stops the
 * workers with ptrace(2); lists of millions of rockets would keep them busy in
 * the same way.
 */
#include "lib/harness.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum {
    WORKERS = 2, /* worker threads of the service */
    STOP_MS = 5000,
    /* Past the time for requests in flight, with a margin. */
    GIVEN_UP_MS = STOP_MS + 2000,
    SOON_MS = 500,
    LAST_CALL_MS = 300, /* less than the time for sending the last responses */
    ROCKETS = 8000,
    PADDING = 256,
};

/* Once the service sends 100, it is known to have read this head. */
static const char expecting_head[] =
    "GET /rockets?limit=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
    "Expect: 100-continue\r\n\r\n";

static const char continue_response[] = "HTTP/1.1 100 Continue\r\n\r\n";

/* One event loop, which serves earlier requests before later ones. */
static const char *const flags[] = {"-threads=1", NULL};

/* Return whether this thread of the service is a worker, by its name. */
static bool is_worker(pid_t process, const char *thread)
{
    char path[64], name[32] = "";

    snprintf(path, sizeof(path), "/proc/%d/task/%.12s/comm", (int)process,
             thread);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool read = fgets(name, sizeof(name), file) != NULL;
    fclose(file);
    return read && strcmp(name, "lunar-worker\n") == 0;
}

static void find_workers(pid_t process, pid_t workers[WORKERS])
{
    struct dirent **threads = NULL;
    size_t count = 0;
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
    int found = scandir(path, &threads, NULL, alphasort);
    assert_true(found >= 0);
    for (int i = 0; i < found; i++) {
        if (is_worker(process, threads[i]->d_name) && count < WORKERS)
            workers[count++] = (pid_t)strtol(threads[i]->d_name, NULL, 10);
        free(threads[i]);
    }
    free(threads);
    assert_int_equal(count, WORKERS);
}

/* Return whether a stopped thread is waiting in futex(2). */
static bool is_waiting(pid_t process, pid_t thread)
{
    char path[64], line[256] = "";

    snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", (int)process,
             (int)thread);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    bool read = fgets(line, sizeof(line), file) != NULL;
    fclose(file);
    return read && strtol(line, NULL, 10) == SYS_futex;
}

/*
 * Stop the thread while it has no job: elsewhere it may hold a lock and block
 * other threads.
 */
static void stop_idle_thread(pid_t process, pid_t thread)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;

    for (;;) {
        assert_int_equal(ptrace(PTRACE_INTERRUPT, thread, NULL, NULL), 0);
        assert_int_equal(waitpid(thread, NULL, __WALL), thread);
        if (is_waiting(process, thread))
            return;
        assert_true(process_clock() < deadline);
        assert_int_equal(ptrace(PTRACE_CONT, thread, NULL, NULL), 0);
    }
}

/* Stop all workers. Return false if the system does not permit ptrace(2). */
static bool stop_workers(pid_t process, const pid_t workers[WORKERS])
{
    for (size_t i = 0; i < WORKERS; i++) {
        if (ptrace(PTRACE_SEIZE, workers[i], NULL, NULL) != 0) {
            assert_int_equal(errno, EPERM);
            return false;
        }
        stop_idle_thread(process, workers[i]);
    }
    return true;
}

static void resume_workers(const pid_t workers[WORKERS])
{
    for (size_t i = 0; i < WORKERS; i++)
        assert_int_equal(ptrace(PTRACE_DETACH, workers[i], NULL, NULL), 0);
}

/*
 * Expect a 503. `patience`: milliseconds after which a missing response is
 * accepted, because the machine is too slow; 0: never.
 */
static void expect_refused(struct connection *connection, int64_t patience)
{
    int64_t start = process_clock();
    struct response response;

    if (connection_receive(connection, &response) == CONNECTION_ANSWERED) {
        response_expect_problem(&response, 503, "stopping");
        assert_non_null(response_header(&response, "Retry-After"));
        assert_true(response_closes(&response));
        response_release(&response);
    } else {
        assert_int_not_equal(patience, 0);
        assert_true(process_clock() - start > patience);
        print_message("machine too slow for the last responses\n");
    }
    connection_close(connection);
}

/* Request the whole list. Only the blocks made ahead are sent so far. */
static void begin_stream(const struct instance *instance,
                         struct connection *stream)
{
    assert_true(connection_open_narrow(stream, instance->port));
    connection_get(stream, "/rockets");
    assert_true(
        connection_fill(stream, 12, process_clock() + CONNECTION_PATIENCE));
}

/* Read all that is available, so that the stream needs the next block. */
static void read_available(struct connection *stream)
{
    int64_t deadline = process_clock() + SOON_MS;

    connection_widen(stream);
    while (connection_fill(stream, 65536, deadline))
        continue;
    assert_false(stream->ended);
}

/* Send a request without its body, and receive 100. */
static void begin_request(const struct instance *instance,
                          struct connection *late)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;

    instance_connect(instance, late);
    connection_send_text(late, expecting_head);
    while (late->length < sizeof(continue_response) - 1)
        assert_true(connection_fill(
            late, sizeof(continue_response) - 1 - late->length, deadline));
    assert_memory_equal(late->data, continue_response,
                        sizeof(continue_response) - 1);
    late->length = 0;
}

static void lists_waiting_for_a_worker_get_503_or_are_truncated(void **state)
{
    struct connection stream, waiting, late;
    struct response response;
    struct instance instance;
    pid_t workers[WORKERS] = {0};

    (void)state;
    instance_start(&instance, flags);
    fleet_launch(&instance, ROCKETS, PADDING);
    begin_stream(&instance, &stream);
    find_workers(instance.process.pid, workers);
    if (!stop_workers(instance.process.pid, workers)) {
        instance_release(&instance);
        skip();
    }
    read_available(&stream);
    instance_connect(&instance, &waiting);
    connection_get(&waiting, "/rockets?limit=1");
    begin_request(&instance, &late);
    process_signal(&instance.process, SIGTERM);
    process_wait_until(process_clock() + GIVEN_UP_MS);
    /* The service no longer waits for workers: it sends 503 without one. */
    connection_send_text(&late, "x");
    expect_refused(&late, 0);
    resume_workers(workers);
    expect_refused(&waiting, LAST_CALL_MS);
    assert_int_equal(connection_receive(&stream, &response), CONNECTION_CUT);
    connection_close(&stream);
    instance_expect_end(&instance, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_waiting_for_a_worker_get_503_or_are_truncated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
