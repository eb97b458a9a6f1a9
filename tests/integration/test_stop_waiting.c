/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stop of the service while lists, a scrape and a batch wait for a worker.
 * The test stops the workers with ptrace(2); lists of millions of rockets would
 * keep them busy in the same way.
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
    /* When all is cancelled, with a margin; and the end for what then waits. */
    CANCELLED_MS = 4100,
    GIVEN_UP_MS = 4400,
    SOON_MS = 500,
    ROCKETS = 8000,
    PADDING = 256,
};

/* Read the first line of a file of a thread in /proc. */
static void read_thread_file(pid_t process, pid_t thread, const char *name,
                             char line[256])
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", (int)process,
             (int)thread, name);
    line[0] = '\0';
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fgets(line, 256, file) == NULL)
        line[0] = '\0';
    fclose(file);
}

/* Workers are recognised by their name. */
static void find_workers(pid_t process, pid_t workers[WORKERS])
{
    struct dirent **threads = NULL;
    size_t count = 0;
    char path[64], line[256];

    snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
    int found = scandir(path, &threads, NULL, alphasort);
    assert_true(found >= 0);
    for (int i = 0; i < found; i++) {
        pid_t thread = (pid_t)strtol(threads[i]->d_name, NULL, 10);
        read_thread_file(process, thread, "comm", line);
        if (strcmp(line, "lunar-worker\n") == 0 && count < WORKERS)
            workers[count++] = thread;
        free(threads[i]);
    }
    free(threads);
    assert_int_equal(count, WORKERS);
}

/* Return whether a stopped thread is waiting in futex(2). */
static bool is_waiting(pid_t process, pid_t thread)
{
    char line[256];

    read_thread_file(process, thread, "syscall", line);
    return strtol(line, NULL, 10) == SYS_futex;
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

/* Read all that is available, so that the stream needs the next block. */
static void read_available(struct connection *stream)
{
    int64_t deadline = process_clock() + SOON_MS;

    connection_widen(stream);
    while (connection_fill(stream, 65536, deadline))
        continue;
    assert_false(stream->ended);
}

/* Stop its workers, or skip the test. */
static void start_without_workers(struct instance *instance,
                                  pid_t workers[WORKERS])
{
    find_workers(instance->process.pid, workers);
    if (!stop_workers(instance->process.pid, workers)) {
        instance_release(instance);
        skip();
    }
}

static void what_waits_for_a_worker_gets_503_or_is_truncated(void **state)
{
    static const struct exchange refused = {.status = 503,
                                            .header = "Retry-After",
                                            .value = "5",
                                            .part = "stopping",
                                            .closes = true};
    struct connection stream, waiting, scrape, batch, late;
    struct response response;
    struct instance instance;
    pid_t workers[WORKERS] = {0};

    (void)state;
    /* One event loop, which serves earlier requests before later ones. */
    instance_start(&instance, INSTANCE_FLAGS("-threads=1"));
    fleet_launch(&instance, ROCKETS, PADDING);
    instance_begin(&instance, "/rockets", &stream);
    start_without_workers(&instance, workers);
    read_available(&stream);
    instance_connect(&instance, &waiting);
    connection_get(&waiting, "/rockets?limit=1");
    instance_connect(&instance, &scrape);
    connection_get(&scrape, "/metrics");
    instance_connect(&instance, &batch);
    /* A worker has to decode it. */
    connection_post_gzip(&batch, BULK_TYPE "Content-Encoding: gzip\r\n", "{}\n",
                         3);
    instance_connect(&instance, &late);
    connection_request(&late, "GET", "/rockets?limit=1",
                       "Content-Length: 1\r\nExpect: 100-continue\r\n");
    connection_expect_status(&late, 100);
    process_signal(&instance.process, SIGTERM);
    int64_t signalled = process_clock();
    process_wait_until(signalled + CANCELLED_MS);
    /* The service no longer waits for workers: it sends 503 without one. */
    connection_send_text(&late, "x");
    exchange_expect(&late, &refused);
    connection_close(&late);
    resume_workers(workers);
    if (process_clock() < signalled + GIVEN_UP_MS) {
        exchange_expect(&waiting, &refused);
        exchange_expect(&scrape, &refused);
        exchange_expect(&batch, &refused);
        assert_int_equal(connection_receive(&stream, &response),
                         CONNECTION_CUT);
        instance_expect_end(&instance, 0);
    } else {
        print_message("machine too slow for the last responses\n");
        instance_release(&instance);
    }
    connection_close(&waiting);
    connection_close(&scrape);
    connection_close(&batch);
    connection_close(&stream);
}

/* As a disk that does not respond. */
static void what_waits_for_ever_does_not_hold_up_the_stop(void **state)
{
    struct connection waiting, other;
    struct response response;
    struct instance instance;
    pid_t workers[WORKERS] = {0};
    char *errors = NULL;

    (void)state;
    instance_start(&instance, INSTANCE_FLAGS("-threads=1"));
    fleet_launch(&instance, ROCKETS, PADDING);
    start_without_workers(&instance, workers);
    instance_connect(&instance, &waiting);
    connection_get(&waiting, "/rockets?limit=1");
    instance_connect(&instance, &other); /* behind it */
    connection_get(&other, "/health");
    connection_expect_status(&other, 200);
    connection_close(&other);
    process_signal(&instance.process, SIGTERM);
    int64_t signalled = process_clock();
    assert_int_equal(connection_receive(&waiting, &response),
                     CONNECTION_CLOSED);
    assert_in_range(process_clock() - signalled, GIVEN_UP_MS,
                    CONNECTION_PATIENCE);
    /* The kernel reports the end of the process after those of its threads. */
    for (size_t i = 0; i < WORKERS; i++)
        waitpid(workers[i], NULL, __WALL);
    free(process_finish(&instance.process, EXIT_FAILURE, &errors));
    assert_non_null(strstr(errors, " warn  1 requests still wait"));
    assert_non_null(strstr(errors, " error a worker does not end"));
    free(errors);
    connection_close(&waiting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_for_a_worker_gets_503_or_is_truncated),
        cmocka_unit_test(what_waits_for_ever_does_not_hold_up_the_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
