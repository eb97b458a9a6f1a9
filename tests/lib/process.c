/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child processes for tests. Their streams are memory files, so that a child
 * that writes much never blocks on the test.
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

const char *process_setting(const char *name)
{
    /* Tests never change their environment. */
    const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe) */

    if (value == NULL)
        fail_msg("%s is not set", name);
    return value;
}

static void make_environment(const char *result[MAX_ENVIRONMENT],
                             const char *const own[])
{
    size_t count = 0;

    for (char **next = environ; *next != NULL && count < MAX_ENVIRONMENT;
         next++)
        if (strncmp(*next, "LUNAR_", 6) != 0)
            result[count++] = *next;
    while (own != NULL && *own != NULL && count < MAX_ENVIRONMENT)
        result[count++] = *own++;
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
    if (dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0)
        execve(arguments[0], (char *const *)arguments,
               (char *const *)environment);
    _exit(127);
}

void process_start(struct process *process, const char *const arguments[],
                   const char *const environment[])
{
    const char *child_environment[MAX_ENVIRONMENT];

    make_environment(child_environment, environment);
    process->out = memfd_create("stdout", MFD_CLOEXEC);
    process->err = memfd_create("stderr", MFD_CLOEXEC);
    assert_true(process->out >= 0 && process->err >= 0);
    process->pid = fork();
    assert_true(process->pid >= 0);
    if (process->pid == 0)
        execute_child(arguments, child_environment, process->out, process->err);
    process->pidfd = pidfd_open(process->pid, 0);
    assert_true(process->pidfd >= 0);
}

/* Ownership: the caller frees the result. */
static char *read_file(int file)
{
    off_t length = lseek(file, 0, SEEK_END);
    char *text = calloc(1, (size_t)length + 1);

    if (length < 0 || text == NULL || pread(file, text, (size_t)length, 0) < 0)
        abort();
    return text;
}

/*
 * Wait until `file`, which it writes, contains `part`. Return the content then,
 * or at its end, or after `limit` milliseconds. Ownership: the caller frees the
 * result.
 */
static char *read_until(const struct process *process, int file,
                        const char *part, int64_t limit)
{
    int64_t deadline = process_clock() + limit;

    for (;;) {
        bool last = process_poll(process->pidfd, POLLIN, process_clock() + 1) ||
                    process_clock() > deadline;
        char *text = read_file(file);
        if (last || strstr(text, part) != NULL)
            return text;
        free(text);
    }
}

bool process_line(struct process *process, char *line, size_t size,
                  int64_t limit)
{
    char *text = read_until(process, process->out, "\n", limit);
    bool complete = strchr(text, '\n') != NULL;

    snprintf(line, size, "%.*s", (int)strcspn(text, "\n"), text);
    free(text);
    return complete;
}

char *process_errors(const struct process *process)
{
    return read_file(process->err);
}

void process_wait_error(const struct process *process, const char *part)
{
    char *text = read_until(process, process->err, part, PROCESS_PATIENCE);

    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in: %s", part, text);
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

char *process_finish(struct process *process, int status, char **errors)
{
    int ended = process_wait(process, PROCESS_PATIENCE);
    char *output = read_file(process->out);

    *errors = read_file(process->err);
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
