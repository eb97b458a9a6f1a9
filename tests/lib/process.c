/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child processes for tests. stderr is a memory file, so that a child that
 * writes much never blocks on the test.
 */
#include "lib/process.h"

#include "lib/harness.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_ENVIRONMENT = 512 };

int64_t process_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void process_wait_until(int64_t when)
{
    int64_t left = 0;

    while ((left = when - process_clock()) > 0)
        (void)poll(NULL, 0, (int)left);
}

bool process_poll(int descriptor, short events, int64_t deadline)
{
    struct pollfd wanted = {descriptor, events, 0};
    int ready = 0;

    do {
        int64_t left = deadline - process_clock();
        ready = poll(&wanted, 1, left > 0 ? (int)left : 0);
    } while (ready < 0);
    return ready > 0;
}

bool process_is_set(const char *name)
{
    /* Tests never change their environment. */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe) */
    return getenv(name) != NULL;
}

const char *process_setting(const char *name)
{
    /* Tests never change their environment. */
    const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe) */

    if (value == NULL)
        fail_msg("%s is not set", name);
    return value;
}

/*
 * Whether a variable of the test is not for the program: it is a setting, or of
 * the service manager that has started the test, which is not to be told.
 */
static bool is_withheld(const char *variable)
{
    static const char *const beginnings[] = {
        "LUNAR_", "NOTIFY_SOCKET=", "WATCHDOG_", "LISTEN_"};
    bool withheld = false;

    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
        withheld = withheld ||
                   strncmp(variable, beginnings[i], strlen(beginnings[i])) == 0;
    return withheld;
}

static void make_environment(const char *result[MAX_ENVIRONMENT],
                             const char *const own[])
{
    size_t count = 0;

    for (char **next = environ; *next != NULL; next++) {
        assert_in_range(count, 0, MAX_ENVIRONMENT - 1);
        if (!is_withheld(*next))
            result[count++] = *next;
    }
    while (own != NULL && *own != NULL) {
        assert_in_range(count, 0, MAX_ENVIRONMENT - 1);
        result[count++] = *own++;
    }
    assert_in_range(count, 0, MAX_ENVIRONMENT - 1);
    result[count] = NULL;
}

/*
 * Calls only what is safe between fork(2) and execve(2). execve(2) takes
 * pointers to char, but does not change the strings.
 */
static _Noreturn void execute_child(const char *const arguments[],
                                    const char *const environment[], int out,
                                    int err)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGHUP, SIG_DFL); /* the test may run under nohup(1) */
    if (dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0)
        execve(arguments[0], (char *const *)arguments,
               (char *const *)environment);
    _exit(127);
}

void process_start(struct process *process, const char *const arguments[],
                   const char *const environment[])
{
    const char *child_environment[MAX_ENVIRONMENT];
    int pipe_ends[2];

    make_environment(child_environment, environment);
    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
    process->out = pipe_ends[0];
    process->err = memfd_create("stderr", MFD_CLOEXEC);
    assert_true(process->err >= 0);
    /*
     * Or threads of it that write at the same moment write at one offset:
     * only files that were opened have a lock for it.
     */
    assert_int_equal(fcntl(process->err, F_SETFL, O_APPEND), 0);
    process->pid = fork();
    assert_true(process->pid >= 0);
    if (process->pid == 0)
        execute_child(arguments, child_environment, pipe_ends[1], process->err);
    close(pipe_ends[1]);
    process->pidfd = pidfd_open(process->pid, 0);
    assert_true(process->pidfd >= 0);
}

bool process_line(struct process *process, char *line, size_t size,
                  int64_t limit)
{
    int64_t deadline = process_clock() + limit;

    for (size_t length = 0; length < size; length++) {
        if (!process_poll(process->out, POLLIN, deadline) ||
            read(process->out, line + length, 1) != 1)
            return false;
        if (line[length] == '\n') {
            line[length] = '\0';
            return true;
        }
    }
    return false;
}

char *process_errors(const struct process *process)
{
    off_t length = lseek(process->err, 0, SEEK_END);
    char *text = calloc(1, (size_t)length + 1);

    if (length < 0 || text == NULL ||
        pread(process->err, text, (size_t)length, 0) < 0)
        abort();
    return text;
}

void process_wait_error(const struct process *process, const char *part)
{
    int64_t deadline = process_clock() + PROCESS_PATIENCE;
    char *text = process_errors(process);

    while (strstr(text, part) == NULL) {
        if (process_clock() > deadline)
            fail_msg("\"%s\" is not in: %s", part, text);
        free(text);
        process_wait_until(process_clock() + 1);
        text = process_errors(process);
    }
    free(text);
}

void process_signal(const struct process *process, int signal_number)
{
    assert_int_equal(kill(process->pid, signal_number), 0);
}

int process_wait(struct process *process, int64_t limit)
{
    int status = 0;

    if (!process_poll(process->pidfd, POLLIN, process_clock() + limit))
        return PROCESS_LATE;
    assert_int_equal(waitpid(process->pid, &status, 0), process->pid);
    process->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status)
                             : PROCESS_SIGNALLED + WTERMSIG(status);
}

/* Return the rest of its stdout, up to the end of the stream. */
static char *read_output(const struct process *process, int64_t deadline)
{
    char *text = NULL;
    size_t length = 0;
    ssize_t got = 0;

    do {
        length += (size_t)got;
        text = realloc(text, length + 4097);
        if (text == NULL)
            abort();
        got = process_poll(process->out, POLLIN, deadline)
                  ? read(process->out, text + length, 4096)
                  : 0;
    } while (got > 0);
    text[length] = '\0';
    return text;
}

char *process_finish(struct process *process, int status, char **errors)
{
    char *output = read_output(process, process_clock() + PROCESS_PATIENCE);
    int ended = process_wait(process, INSTANCE_PATIENCE);

    *errors = process_errors(process);
    if (ended != status)
        fail_msg("expected exit status %d, got %d: %s%s", status, ended, output,
                 *errors);
    process_release(process);
    return output;
}

void process_release(struct process *process)
{
    if (process->pid > 0) {
        kill(process->pid, SIGKILL);
        waitpid(process->pid, NULL, 0);
    }
    if (process->pidfd > 0) {
        close(process->pidfd);
        close(process->out);
        close(process->err);
    }
    *process = (struct process){0};
}
