/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shell is a process of this file, the leader of the terminal's session:
 * without a parent in the session that could continue it, a job does not stop
 * (POSIX: an orphaned process group). It reports what waitpid(2) says.
 */
#include "pty_run.h"

#include "lib/harness.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct report {
    pid_t job;
    int status; /* of waitpid(2); of the first report: 0 */
};

/* The job: in a process group of its own, in the foreground. */
static _Noreturn void run_job(const char *const arguments[],
                              const char *variable)
{
    char name[64] = "", *value;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    tcsetpgrp(STDIN_FILENO, getpid());
    signal(SIGTTOU, SIG_DFL);
    signal(SIGHUP, SIG_DFL);        /* the test may run under nohup(1) */
    setenv("TERM", "xterm", 1);     /* NOLINT(concurrency-mt-unsafe) */
    setenv("LC_ALL", "C.UTF-8", 1); /* NOLINT(concurrency-mt-unsafe) */
    strncpy(name, variable, sizeof(name) - 1);
    value = strchr(name, '=');
    if (value != NULL) {
        *value = '\0';
        setenv(name, value + 1, 1); /* NOLINT(concurrency-mt-unsafe) */
    }
    execv(arguments[0], (char *const *)arguments);
    _exit(127);
}

static _Noreturn void run_shell(const char *slave, int reports,
                                const char *const arguments[],
                                const char *variable)
{
    struct report report = {0};
    int terminal;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    terminal = open(slave, O_RDWR);
    if (terminal < 0 || ioctl(terminal, TIOCSCTTY, 0) != 0)
        _exit(126);
    for (int stream = 0; stream <= 2; stream++)
        dup2(terminal, stream);
    signal(SIGTTOU, SIG_IGN); /* the job may set its group by itself first */
    report.job = fork();
    if (report.job == 0)
        run_job(arguments, variable);
    setpgid(report.job, report.job);
    tcsetpgrp(STDIN_FILENO, report.job);
    do {
        if (write(reports, &report, sizeof(report)) != sizeof(report))
            _exit(126);
    } while (waitpid(report.job, &report.status, WUNTRACED) == report.job);
    _exit(0);
}

static struct report next_report(const struct pty_run *run)
{
    struct report report;

    assert_true(
        process_poll(run->reports, POLLIN, process_clock() + PROCESS_PATIENCE));
    assert_int_equal(read(run->reports, &report, sizeof(report)),
                     sizeof(report));
    return report;
}

void pty_run_start(struct pty_run *run, const char *const arguments[],
                   const char *variable, unsigned short columns,
                   unsigned short rows)
{
    char slave[64];
    int reports[2];

    run->terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(run->terminal >= 0);
    assert_int_equal(grantpt(run->terminal), 0);
    assert_int_equal(unlockpt(run->terminal), 0);
    assert_int_equal(ptsname_r(run->terminal, slave, sizeof(slave)), 0);
    assert_int_equal(tcgetattr(run->terminal, &run->before), 0);
    pty_run_resize(run, columns, rows);
    run->output = calloc(1, PTY_RUN_MAX);
    assert_non_null(run->output);
    run->length = 0;
    assert_int_equal(pipe2(reports, O_CLOEXEC), 0);
    run->shell = fork();
    assert_true(run->shell >= 0);
    if (run->shell == 0)
        run_shell(slave, reports[1], arguments, variable);
    close(reports[1]);
    run->reports = reports[0];
    run->job = next_report(run).job;
}

/* Read what there is. False if nobody has the terminal open any more. */
static bool read_some(struct pty_run *run, int64_t deadline)
{
    ssize_t got;

    assert_true(process_poll(run->terminal, POLLIN, deadline));
    assert_true(run->length < PTY_RUN_MAX - 1);
    got = read(run->terminal, run->output + run->length,
               PTY_RUN_MAX - 1 - run->length);
    if (got <= 0)
        return false;
    /* Nothing of it is a NUL, so it is a string. */
    run->length += (size_t)got;
    run->output[run->length] = '\0';
    return true;
}

void pty_run_wait(struct pty_run *run, const char *part)
{
    const int64_t deadline = process_clock() + PROCESS_PATIENCE;

    run->output[run->length] = '\0';
    while (strstr(run->output, part) == NULL)
        if (!read_some(run, deadline))
            fail_msg("\"%s\" is not in: %s", part, run->output);
}

void pty_run_type(struct pty_run *run, const char *keys)
{
    const size_t length = strlen(keys);

    assert_int_equal(write(run->terminal, keys, length), length);
}

void pty_run_resize(struct pty_run *run, unsigned short columns,
                    unsigned short rows)
{
    struct winsize size = {.ws_col = columns, .ws_row = rows};

    assert_int_equal(ioctl(run->terminal, TIOCSWINSZ, &size), 0);
}

void pty_run_signal(const struct pty_run *run, int number)
{
    assert_int_equal(kill(run->job, number), 0);
}

void pty_run_expect_stopped(struct pty_run *run)
{
    assert_true(WIFSTOPPED(next_report(run).status));
}

void pty_run_continue(struct pty_run *run)
{
    pty_run_signal(run, SIGCONT);
}

bool pty_run_is_restored(const struct pty_run *run)
{
    struct termios now;

    assert_int_equal(tcgetattr(run->terminal, &now), 0);
    return now.c_lflag == run->before.c_lflag &&
           now.c_iflag == run->before.c_iflag &&
           now.c_oflag == run->before.c_oflag &&
           now.c_cc[VMIN] == run->before.c_cc[VMIN] &&
           now.c_cc[VTIME] == run->before.c_cc[VTIME];
}

void pty_run_expect_end(struct pty_run *run, int status)
{
    const int64_t deadline = process_clock() + PROCESS_PATIENCE;
    struct report report;

    while (read_some(run, deadline))
        continue;
    report = next_report(run);
    if (!WIFEXITED(report.status) || WEXITSTATUS(report.status) != status)
        fail_msg("expected exit status %d, got %#x: %s", status, report.status,
                 run->output);
    assert_int_equal(waitpid(run->shell, NULL, 0), run->shell);
    run->shell = 0;
}

void pty_run_release(struct pty_run *run)
{
    if (run->shell > 0) {
        kill(run->job, SIGKILL);
        kill(run->shell, SIGKILL);
        waitpid(run->shell, NULL, 0);
    }
    close(run->terminal);
    close(run->reports);
    free(run->output);
    *run = (struct pty_run){0};
}
