/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main thread waits for the signals that stop the service. While it does
 * not, a handler ends the process. Signals that are not named here keep their
 * default action: whoever sends SIGQUIT wants a core dump, and whoever sets an
 * alarm(2) before execve(2) wants the process to end.
 */
#include "process/signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "base/sync.h"

static const struct {
    int number;
    const char *name;
} stops[] = {
    {SIGTERM, "SIGTERM"},
    {SIGINT, "SIGINT"},
    {SIGHUP, "SIGHUP"},
};

enum {
    STOP_COUNT = sizeof(stops) / sizeof(stops[0]),
    /* The exit status of shells is this plus the number of the signal. */
    STATUS_OF_SIGNALS = 128,
};

/* SIGHUP, where it is for a reload, is blocked and waited for; this never runs.
 */
static void take_reload(int number)
{
    (void)number;
}

/*
 * Whether SIGHUP stops the service: not if it is for a reload; and nohup(1)
 * starts a program with SIGHUP ignored, which the program has to leave so.
 */
static bool is_hangup_stop(void)
{
    struct sigaction action;

    return sigaction(SIGHUP, NULL, &action) != 0 ||
           (action.sa_handler != SIG_IGN && action.sa_handler != take_reload);
}

static void fill_stops(sigset_t *set)
{
    sigemptyset(set);
    for (size_t i = 0; i < STOP_COUNT; i++)
        sigaddset(set, stops[i].number);
    if (!is_hangup_stop())
        sigdelset(set, SIGHUP);
}

static void fill_hangup(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGHUP);
}

/*
 * End the process by the default action of the signal, which is blocked while
 * this runs. For process 1, as in a container, the kernel drops it instead
 * (pid_namespaces(7)).
 */
static void end_process(int number)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, number);
    signal(number, SIG_DFL);
    raise(number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    _exit(STATUS_OF_SIGNALS + number);
}

void signals_init(sigset_t *inherited)
{
    static const int ignored[] = {
        SIGPIPE, /* a client has closed early */
        SIGXFSZ, /* stderr is a file that has reached its limit, ulimit -f */
        SIGUSR1, /* other daemons reopen their log, or log more */
        SIGUSR2,
    };
    sigset_t set;

    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
    /* Also SIGINT, with which a shell script starts a job in the background. */
    fill_stops(&set);
    for (size_t i = 0; i < STOP_COUNT; i++) {
        if (sigismember(&set, stops[i].number) == 1)
            signal(stops[i].number, end_process);
    }
    fill_hangup(&set);
    sync_check(pthread_sigmask(SIG_BLOCK, &set, inherited), "pthread_sigmask");
}

void signals_settle(bool reloads, const sigset_t *inherited)
{
    if (reloads)
        signal(SIGHUP, take_reload);
    else
        sync_check(pthread_sigmask(SIG_SETMASK, inherited, NULL),
                   "pthread_sigmask");
}

void signals_wait_reload(void)
{
    sigset_t set;
    int number = 0;

    fill_hangup(&set);
    sync_check(sigwait(&set, &number), "sigwait");
}

void signals_end_wait(pthread_t thread)
{
    sync_check(pthread_kill(thread, SIGHUP), "pthread_kill");
}

void signals_block(void)
{
    sigset_t set;

    fill_stops(&set);
    sync_check(pthread_sigmask(SIG_BLOCK, &set, NULL), "pthread_sigmask");
}

void signals_unblock(void)
{
    sigset_t set;

    fill_stops(&set);
    sync_check(pthread_sigmask(SIG_UNBLOCK, &set, NULL), "pthread_sigmask");
}

bool signals_pending(void)
{
    sigset_t pending;
    bool found = false;

    sigemptyset(&pending);
    sigpending(&pending);
    for (size_t i = 0; i < STOP_COUNT; i++)
        found = found || sigismember(&pending, stops[i].number) == 1;
    return found;
}

static const char *name_of(int number)
{
    size_t i = 0;

    while (i < STOP_COUNT - 1 && stops[i].number != number)
        i++;
    return stops[i].name;
}

const char *signals_wait(void)
{
    sigset_t set;
    int number = 0;

    fill_stops(&set);
    sync_check(sigwait(&set, &number), "sigwait");
    return name_of(number);
}

/* The time from now until `end`; false if it has passed. */
static bool time_until(const struct timespec *end, struct timespec *rest)
{
    const long second = 1000000000;

    clock_gettime(CLOCK_MONOTONIC, rest);
    rest->tv_sec = end->tv_sec - rest->tv_sec;
    rest->tv_nsec = end->tv_nsec - rest->tv_nsec;
    if (rest->tv_nsec < 0) {
        rest->tv_sec--;
        rest->tv_nsec += second;
    }
    return rest->tv_sec >= 0;
}

/*
 * sigtimedwait(2) ends early where the process is stopped and continued, as by
 * Ctrl-Z and fg (signal(7)).
 */
const char *signals_wait_for(unsigned seconds)
{
    struct timespec end, rest;
    sigset_t set;
    int number = -1;

    fill_stops(&set);
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += seconds;
    while (number < 0 && time_until(&end, &rest)) {
        number = sigtimedwait(&set, NULL, &rest);
        if (number < 0 && errno != EINTR)
            break;
    }
    return number < 0 ? NULL : name_of(number);
}
