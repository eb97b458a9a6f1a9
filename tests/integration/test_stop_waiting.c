/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of the service while lists wait for a thread that makes them. The
 * threads are held up from outside, as they would be by lists of millions.
 */
#include "harness.h"

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
    WORKERS = 2, /* threads of the service that make lists */
    STOP_MS = 5000,
    /* Past the time in which what is in flight is waited for, and some. */
    GIVEN_UP_MS = STOP_MS + 2000,
    SOON_MS = 500,
    LAST_CALL_MS = 300, /* less than what the last answers have to be sent */
    ROCKETS = 8000,
    PADDING = 256,
};

/* Its head is known to be read once the service asks for the body. */
static const char late_head[] =
    "GET /rockets?limit=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
    "Expect: 100-continue\r\n\r\n";

static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

/* One loop, which does what was sent first before what was sent later. */
static const char *const flags[] = {"-threads=1", NULL};

/* Whether this thread of the service is a worker, by its name. */
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

/* Whether a thread that is stopped waits for others, in futex(2). */
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
 * Stop it where it has nothing to do: elsewhere it may have a lock, and hold
 * up others as well.
 */
static void stop_waiting_thread(pid_t process, pid_t thread)
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

/* False where the system lets nobody stop another's threads. */
static bool hold_up(pid_t process, const pid_t workers[WORKERS])
{
    for (size_t i = 0; i < WORKERS; i++) {
        if (ptrace(PTRACE_SEIZE, workers[i], NULL, NULL) != 0) {
            assert_int_equal(errno, EPERM);
            return false;
        }
        stop_waiting_thread(process, workers[i]);
    }
    return true;
}

static void let_go(const pid_t workers[WORKERS])
{
    for (size_t i = 0; i < WORKERS; i++)
        assert_int_equal(ptrace(PTRACE_DETACH, workers[i], NULL, NULL), 0);
}

/* `patience`: how long the service has for the answer at least; 0: no limit. */
static void expect_put_off(struct connection *connection, int64_t patience)
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
        print_message("too slow a machine for the last answers\n");
    }
    connection_close(connection);
}

/* The whole list, of which only what was made ahead is sent so far. */
static void begin_stream(const struct instance *instance,
                         struct connection *stream)
{
    assert_true(connection_open_narrow(stream, instance->port));
    connection_get(stream, "/rockets");
    assert_true(
        connection_fill(stream, 12, process_clock() + CONNECTION_PATIENCE));
}

/* Take what is there, so that more is wanted. */
static void take_what_there_is(struct connection *stream)
{
    int64_t deadline = process_clock() + SOON_MS;

    connection_widen(stream);
    while (connection_fill(stream, 65536, deadline))
        continue;
    assert_false(stream->ended);
}

/* A request whose body is still to come. */
static void begin_request(const struct instance *instance,
                          struct connection *late)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;

    instance_connect(instance, late);
    connection_send_text(late, late_head);
    while (late->length < sizeof(go_on) - 1)
        assert_true(
            connection_fill(late, sizeof(go_on) - 1 - late->length, deadline));
    assert_memory_equal(late->data, go_on, sizeof(go_on) - 1);
    late->length = 0;
}

static void what_waits_for_a_worker_is_put_off_or_cut(void **state)
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
    if (!hold_up(instance.process.pid, workers)) {
        instance_release(&instance);
        skip();
    }
    take_what_there_is(&stream);
    instance_connect(&instance, &waiting);
    connection_get(&waiting, "/rockets?limit=1");
    begin_request(&instance, &late);
    process_signal(&instance.process, SIGTERM);
    process_wait_until(process_clock() + GIVEN_UP_MS);
    /* Put off without a worker: that the service waits for them no longer. */
    connection_send_text(&late, "x");
    expect_put_off(&late, 0);
    let_go(workers);
    expect_put_off(&waiting, LAST_CALL_MS);
    assert_int_equal(connection_receive(&stream, &response), CONNECTION_CUT);
    connection_close(&stream);
    instance_expect_end(&instance, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_for_a_worker_is_put_off_or_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
