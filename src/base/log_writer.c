/* SPDX-License-Identifier: Apache-2.0 */
/*
 * There are two buffers: callers fill one while the writer's thread writes the
 * other, without the lock; then it exchanges them. A write(2) that blocks
 * therefore blocks nobody else. stderr is not made non-blocking, as other
 * processes may share it.
 */
#include "log_writer.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sync.h"
#include "log_entry.h"

enum state {
    LOG_DIRECT,  /* log_writer_add() writes */
    LOG_RUNNING, /* the writer does */
    LOG_GIVEN_UP /* the writer hangs at the end of the process: nobody does */
};

/* Go to the begin of the row, and erase it (ECMA-48, EL). */
#define ERASE_ROW "\r\033[K"

/* Whole lines, and how many after them were dropped. */
struct lines {
    size_t length;
    uint64_t dropped;
    char bytes[LOG_BUFFER];
};

/* Not in `writer`, whose initial values are a part of the program's file. */
static struct lines buffers[2];

/* stderr has taken a part of a line and refused the rest: a full disk. */
static _Atomic bool torn;

/* Of all lines since the start. */
static _Atomic uint64_t lines_dropped;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t added;   /* lines for the writer, or the stop */
    pthread_cond_t written; /* no line waits any more */
    /* Guarded by `lock`. The other buffer is the writer's. */
    enum state state;
    struct lines *filling;
    bool writing; /* lines of the other buffer */
    bool stopping;
    bool footer_changed;
    char footer[LOG_MAX_FOOTER];
    /* Of the thread that starts and stops the log. */
    pthread_t thread;
} writer = {.lock = PTHREAD_MUTEX_INITIALIZER, .filling = &buffers[0]};

/* Not sync_check(), which would use the log to say that the log has failed. */
static void check(int error)
{
    if (error != 0)
        abort();
}

static void lock_writer(void)
{
    check(pthread_mutex_lock(&writer.lock));
}

static void unlock_writer(void)
{
    check(pthread_mutex_unlock(&writer.lock));
}

/*
 * Write to stderr, however long it takes. Returns how many bytes it took before
 * an error. Another process may have made the stream non-blocking.
 */
static size_t write_bytes(const char *bytes, size_t length)
{
    size_t at = 0;

    while (at < length) {
        ssize_t written = write(STDERR_FILENO, bytes + at, length - at);
        if (written >= 0)
            at += (size_t)written;
        else if (errno == EAGAIN)
            poll(&(struct pollfd){STDERR_FILENO, POLLOUT, 0}, 1, -1);
        else if (errno != EINTR)
            break;
    }
    return at;
}

/*
 * Write whole lines. Returns how many were not written: an error of stderr
 * cannot be reported anywhere else. A line that was written in part is ended
 * before the next one.
 */
static uint64_t write_whole(const char *lines, size_t length)
{
    size_t at = 0;
    uint64_t lost = 0;

    if (!atomic_load(&torn) || write_bytes("\n", 1) == 1) {
        at = write_bytes(lines, length);
        atomic_store(&torn, at > 0 && lines[at - 1] != '\n');
    }
    for (; at < length; at++)
        lost += lines[at] == '\n';
    return lost;
}

/* Say how many lines were lost, if any. Returns how many are still untold. */
static uint64_t tell_lost(uint64_t lost)
{
    const struct log_field field = {"droppedLines", LOG_LEFT_OUT, LOG_NUMBER,
                                    .number = lost};
    char message[96], line[LOG_MAX_LINE];
    const struct log_entry entry = {log_get_format(), LOG_WARN, message, &field,
                                    1};

    if (lost == 0)
        return 0;
    snprintf(message, sizeof(message),
             "log lines dropped because stderr did not take them: %ju",
             (uintmax_t)lost);
    return write_whole(line, log_entry_write(&entry, line)) == 0 ? 0 : lost;
}

/*
 * The whole lines at the front that fit into PIPE_BUF bytes. A pipe takes them
 * together, also if other processes write to it (pipe(7)).
 */
static size_t next_part(const char *bytes, size_t length)
{
    static_assert(LOG_MAX_LINE <= PIPE_BUF, "one line at least");
    if (length <= PIPE_BUF)
        return length;
    const char *end = memrchr(bytes, '\n', PIPE_BUF);
    return (size_t)(end + 1 - bytes);
}

/* Write the lines. Returns how many lines are lost and untold, with `lost`. */
static uint64_t write_lines(const struct lines *lines, uint64_t lost)
{
    lost = tell_lost(lost);
    for (size_t at = 0, part = 0; at < lines->length; at += part) {
        part = next_part(lines->bytes + at, lines->length - at);
        uint64_t refused = write_whole(lines->bytes + at, part);
        lines_dropped += refused;
        lost += refused;
    }
    return tell_lost(lost + lines->dropped);
}

static bool has_work_locked(void)
{
    return writer.filling->length > 0 || writer.footer_changed;
}

/*
 * The lock hands the buffers over: the one that was filled belongs to the
 * writer until it has written and emptied it. Only the writer touches the row
 * of the footer, which it erases before lines and draws again behind them.
 */
static void *run_writer(void *context)
{
    char footer[LOG_MAX_FOOTER] = "";
    uint64_t lost = 0;

    (void)context;
    pthread_setname_np(pthread_self(), "lunar-log");
    lock_writer();
    while (!writer.stopping || has_work_locked()) {
        struct lines *taken = writer.filling;
        if (!has_work_locked()) {
            check(pthread_cond_wait(&writer.added, &writer.lock));
            continue;
        }
        bool drawn = footer[0] != '\0';
        memcpy(footer, writer.footer, sizeof(footer));
        writer.footer_changed = false;
        writer.filling = &buffers[taken == &buffers[0]];
        writer.writing = true;
        unlock_writer();
        if (drawn)
            write_bytes(ERASE_ROW, strlen(ERASE_ROW));
        lost = write_lines(taken, lost);
        write_bytes(footer, strlen(footer));
        taken->length = 0;
        taken->dropped = 0;
        lock_writer();
        writer.writing = false;
        check(pthread_cond_broadcast(&writer.written));
    }
    unlock_writer();
    return NULL;
}

static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    check(pthread_condattr_init(&attributes));
    check(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
    check(pthread_cond_init(condition, &attributes));
    pthread_condattr_destroy(&attributes);
}

bool log_start(void)
{
    sigset_t all, before;

    init_condition(&writer.added);
    init_condition(&writer.written);
    writer.stopping = false;
    /* Signals are the main thread's. */
    sigfillset(&all);
    check(pthread_sigmask(SIG_SETMASK, &all, &before));
    int error = pthread_create(&writer.thread, NULL, run_writer, NULL);
    check(pthread_sigmask(SIG_SETMASK, &before, NULL));
    lock_writer();
    writer.state = error == 0 ? LOG_RUNNING : LOG_DIRECT;
    unlock_writer();
    return error == 0;
}

/* As log_flush(). */
static bool flush_locked(unsigned ms)
{
    struct timespec deadline = sync_deadline(ms);
    int error = 0;

    while (writer.state == LOG_RUNNING && error == 0 &&
           (writer.writing || has_work_locked())) {
        error =
            pthread_cond_timedwait(&writer.written, &writer.lock, &deadline);
        check(error == ETIMEDOUT ? 0 : error);
    }
    return error == 0;
}

bool log_flush(unsigned ms)
{
    lock_writer();
    bool flushed = flush_locked(ms);
    unlock_writer();
    return flushed;
}

void log_stop(unsigned ms)
{
    lock_writer();
    bool flushed = flush_locked(ms);
    writer.state = flushed ? LOG_DIRECT : LOG_GIVEN_UP;
    writer.stopping = true;
    check(pthread_cond_signal(&writer.added));
    unlock_writer();
    if (flushed)
        check(pthread_join(writer.thread, NULL));
    else
        check(pthread_detach(writer.thread));
}

/*
 * After the first line that is dropped all are, until the writer takes the
 * buffer: so the lines that are missing are all in one place.
 */
static void add_locked(const char *line, size_t length)
{
    struct lines *lines = writer.filling;

    if (lines->dropped > 0 || length > sizeof(lines->bytes) - lines->length) {
        lines->dropped++;
        lines_dropped++;
        return;
    }
    if (lines->length == 0)
        check(pthread_cond_signal(&writer.added));
    memcpy(lines->bytes + lines->length, line, length);
    lines->length += length;
}

void log_writer_add(const char *line, size_t length)
{
    lock_writer();
    enum state state = writer.state;
    if (state == LOG_RUNNING)
        add_locked(line, length);
    unlock_writer();
    if (state == LOG_DIRECT)
        lines_dropped += write_whole(line, length);
    else if (state == LOG_GIVEN_UP)
        lines_dropped++;
}

void log_footer(const char *text)
{
    lock_writer();
    if (writer.state == LOG_RUNNING && strcmp(text, writer.footer) != 0) {
        snprintf(writer.footer, sizeof(writer.footer), "%s", text);
        writer.footer_changed = true;
        check(pthread_cond_signal(&writer.added));
    }
    unlock_writer();
}

uint64_t log_lines_dropped(void)
{
    return lines_dropped;
}
