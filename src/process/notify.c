/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each datagram is sent to the address and not over a connected socket: so it
 * arrives as well if the service manager has made its socket again.
 *
 * The state is sent under the lock, so that datagrams have the order of what
 * has happened. This is no wait: the socket does not block.
 */
#include "process/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sync.h"
#include "base/text.h"

enum { MESSAGE = NOTIFY_TEXT + 256 /* bytes of a datagram, with a NUL */ };

/*
 * "/path" or "@name" (sd_notify(3)). An abstract name begins with a NUL, and
 * has no other at its end (unix(7)). False if it is neither, or too long.
 */
static bool read_address(const char *name, struct notify *notify)
{
    size_t length = strlen(name);
    size_t room = sizeof(notify->address.sun_path);
    bool abstract = name[0] == '@';

    if ((!abstract && name[0] != '/') || length < 2 ||
        length + (abstract ? 0 : 1) > room)
        return false;
    notify->address.sun_family = AF_UNIX;
    memcpy(notify->address.sun_path, name, length);
    if (abstract)
        notify->address.sun_path[0] = '\0';
    notify->address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
                                       length + (abstract ? 0 : 1));
    return true;
}

/* A variable, which is removed. The string stays. NULL if it is not set. */
static const char *take_variable(const char *name)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads yet. */
    const char *value = getenv(name);

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the same. */
    unsetenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/*
 * WATCHDOG_PID is another process if the service is started by a shell, say,
 * which has inherited the variables.
 */
static uint64_t read_watchdog(const char *usec, const char *pid)
{
    uint64_t time, process;
    char shown[64];

    if (usec == NULL)
        return 0;
    if (pid != NULL &&
        (!text_read_unsigned(text_of(pid), UINT64_MAX, &process) ||
         process != (uint64_t)getpid()))
        return 0;
    if (text_read_unsigned(text_of(usec), UINT64_MAX - 1, &time) && time > 0)
        return time;
    log_line(LOG_WARN,
             "WATCHDOG_USEC=%s is ignored: it is no number of microseconds",
             log_escape(text_of(usec), shown, sizeof(shown)));
    return 0;
}

void notify_open(struct notify *notify)
{
    const char *name = take_variable("NOTIFY_SOCKET");
    const char *usec = take_variable("WATCHDOG_USEC");
    const char *pid = take_variable("WATCHDOG_PID");
    char shown[NOTIFY_TEXT];

    *notify = (struct notify){.socket = -1};
    sync_mutex_init(&notify->lock);
    notify->watchdog_us = read_watchdog(usec, pid);
    if (name == NULL)
        return;
    if (!read_address(name, notify))
        log_line(LOG_WARN,
                 "NOTIFY_SOCKET=%s is ignored: it is neither the path of a "
                 "socket nor, with @, an abstract name",
                 log_escape(text_of(name), shown, sizeof(shown)));
    else
        notify->socket =
            socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

void notify_close(struct notify *notify)
{
    if (notify->socket >= 0)
        close(notify->socket);
    pthread_mutex_destroy(&notify->lock);
}

bool notify_is_used(const struct notify *notify)
{
    return notify->socket >= 0;
}

/* Returns 0, or why the socket has not taken the datagram. */
static int send_datagram(const struct notify *notify, const char *message)
{
    ssize_t sent = sendto(
        notify->socket, message, strlen(message), MSG_DONTWAIT | MSG_NOSIGNAL,
        (const struct sockaddr *)&notify->address, notify->address_size);

    return sent < 0 ? errno : 0;
}

/* What holds, as a datagram. */
static void write_message_locked(const struct notify *notify,
                                 char message[MESSAGE])
{
    const char *text = notify->text, *behind = "";
    char beginning[128] = "";

    switch (notify->state) {
    case NOTIFY_STARTING:
        snprintf(beginning, sizeof(beginning),
                 "EXTEND_TIMEOUT_USEC=%" PRIu64 "\n", notify->extend_ms * 1000);
        break;
    case NOTIFY_READY:
        snprintf(beginning, sizeof(beginning), "READY=1\n");
        if (notify->problem[0] != '\0')
            text = notify->problem;
        if (notify->bad_reload)
            behind = "; the last reload failed, see the log";
        break;
    case NOTIFY_RELOADING:
        snprintf(beginning, sizeof(beginning),
                 "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\n",
                 clock_us(CLOCK_MONOTONIC));
        text = "reading tokens and certificates again";
        break;
    case NOTIFY_STOPPING:
        snprintf(beginning, sizeof(beginning),
                 "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRIu64 "\n",
                 notify->extend_ms * 1000);
        break;
    case NOTIFY_FAILED:
        break;
    }
    snprintf(message, MESSAGE, "%sSTATUS=%s%s", beginning, text, behind);
}

/* Returns why the socket has not taken it, if that is to be logged, or 0. */
static int send_state_locked(struct notify *notify)
{
    char message[MESSAGE];

    if (notify->socket < 0)
        return 0;
    write_message_locked(notify, message);
    int error = send_datagram(notify, message);
    notify->pending = error != 0;
    if (error == 0 || notify->warned)
        return 0;
    notify->warned = true;
    return error;
}

/* Once, and without the lock. */
static void warn_of(int error)
{
    char reason[128];

    if (error != 0)
        log_line(LOG_WARN,
                 "the socket of NOTIFY_SOCKET takes no datagram, so the "
                 "service manager does not learn how the service is: %s; it "
                 "is tried again",
                 strerror_r(error, reason, sizeof(reason)));
}

/*
 * A line of it would be taken for another variable; and systemd drops a STATUS
 * that is not UTF-8. Our texts are escaped already, so this is the last guard.
 */
static void copy_text(char to[NOTIFY_TEXT], const char *from)
{
    size_t length = strnlen(from, NOTIFY_TEXT - 1);

    for (size_t i = 0; i < length; i++)
        to[i] = (char)(from[i] < ' ' || from[i] > '~' ? '?' : from[i]);
    to[length] = '\0';
}

static void enter_locked(struct notify *notify, enum notify_state state,
                         const char *text, uint64_t ms)
{
    notify->state = state;
    notify->extend_ms = ms;
    copy_text(notify->text, text);
}

static void enter(struct notify *notify, enum notify_state state,
                  const char *text, uint64_t ms)
{
    sync_lock(&notify->lock);
    enter_locked(notify, state, text, ms);
    int error = send_state_locked(notify);
    sync_unlock(&notify->lock);
    warn_of(error);
}

void notify_starting(struct notify *notify, const char *text)
{
    enter(notify, NOTIFY_STARTING, text, NOTIFY_START_MS);
}

void notify_ready(struct notify *notify, const char *text)
{
    enter(notify, NOTIFY_READY, text, 0);
}

void notify_stopping(struct notify *notify, const char *text, uint64_t ms)
{
    enter(notify, NOTIFY_STOPPING, text, ms);
}

void notify_failed(struct notify *notify, const char *text)
{
    enter(notify, NOTIFY_FAILED, text, 0);
}

void notify_problem(struct notify *notify, const char *problem)
{
    char text[NOTIFY_TEXT];
    int error = 0;

    copy_text(text, problem == NULL ? "" : problem);
    sync_lock(&notify->lock);
    if (strcmp(text, notify->problem) != 0) {
        memcpy(notify->problem, text, sizeof(text));
        if (notify->state == NOTIFY_READY)
            error = send_state_locked(notify);
    }
    sync_unlock(&notify->lock);
    warn_of(error);
}

/* From `before`, and only from there. */
static void move(struct notify *notify, enum notify_state before,
                 enum notify_state after)
{
    int error = 0;

    sync_lock(&notify->lock);
    if (notify->state == before) {
        notify->state = after;
        error = send_state_locked(notify);
    }
    sync_unlock(&notify->lock);
    warn_of(error);
}

void notify_reloading(struct notify *notify)
{
    move(notify, NOTIFY_READY, NOTIFY_RELOADING);
}

void notify_reloaded(struct notify *notify, bool good)
{
    sync_lock(&notify->lock);
    notify->bad_reload = !good;
    sync_unlock(&notify->lock);
    move(notify, NOTIFY_RELOADING, NOTIFY_READY);
}

bool notify_alive(struct notify *notify)
{
    return notify->socket < 0 || send_datagram(notify, "WATCHDOG=1") == 0;
}

void notify_retry(struct notify *notify)
{
    sync_lock(&notify->lock);
    if (notify->pending)
        send_state_locked(notify);
    sync_unlock(&notify->lock);
}
