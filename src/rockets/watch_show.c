/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output never blocks for long without a look at the signals: whoever reads it
 * may have stopped, and Ctrl-C must work nevertheless. Meanwhile nothing is
 * read from the service, which has to cope with slow readers, and does.
 */
#include "watch_parts.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "console.h"
#include "watch_screen.h"

enum {
    MAX_WAIT_MS = 60000,
    FRAME_MS = 100,   /* between two frames, at least */
    UPTIME_MS = 1000, /* between two frames, at most: the uptime moves on */
    PIECE = 4096,     /* PIPE_BUF: a pipe that is writable takes so much */
};

/*
 * Stop, as the terminal's user wants it, and go on when the shell says so. The
 * shell has the terminal meanwhile, in the state in which it was.
 */
static void stop_job(struct watch *watch)
{
    struct sigaction before;
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigset_t stop;

    terminal_leave(&watch->terminal);
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    sigaction(SIGTSTP, &usual, &before);
    raise(SIGTSTP);
    pthread_sigmask(SIG_UNBLOCK, &stop, NULL); /* stops here */
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    sigaction(SIGTSTP, &before, NULL);
}

static void take_signal(struct watch *watch, unsigned number)
{
    switch (number) {
    case SIGWINCH:
        watch->draw_again = true;
        break;
    case SIGTSTP:
        stop_job(watch);
        break;
    case SIGCONT:
        /*
         * After a SIGSTOP, of which nobody was told, the terminal has the modes
         * of the shell. `before` is still what to leave behind.
         */
        if (watch->terminal.entered)
            terminal_retake(&watch->terminal);
        break;
    default: /* SIGINT, SIGTERM, SIGHUP, SIGQUIT */
        watch->ended = true;
        return;
    }
    if (!watch->plain)
        terminal_enter(&watch->terminal);
    watch->draw_again = true;
    watch->changed = true;
}

void watch_take_signals(struct watch *watch)
{
    struct signalfd_siginfo info;

    while (!watch->ended &&
           read(watch->signals, &info, sizeof(info)) == sizeof(info))
        take_signal(watch, info.ssi_signo);
}

bool watch_open_signals(struct watch *watch)
{
    struct sigaction hangup;
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    /* Under nohup(1) it is ignored, and stays so. */
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
        sigaddset(&signals, SIGHUP);
    if (!watch->plain) {
        sigaddset(&signals, SIGQUIT);
        sigaddset(&signals, SIGWINCH);
        sigaddset(&signals, SIGTSTP);
        sigaddset(&signals, SIGCONT);
    }
    /* The threads in which curl resolves names inherit the mask. */
    if (pthread_sigmask(SIG_BLOCK, &signals, NULL) != 0)
        return false;
    watch->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return watch->signals >= 0;
}

/* Whoever has read the output has gone, which is no failure; or it failed. */
static void end_output(struct watch *watch, int error)
{
    watch->ended = true;
    if (error == EPIPE || error == EIO)
        return;
    terminal_leave(&watch->terminal);
    console_line(CONSOLE_ERROR, "can't write the output: %s",
                 strerrordesc_np(error));
    watch->status = EXIT_FAILURE;
}

int watch_wait_ms(int64_t until)
{
    const int64_t left = until - clock_now();

    if (left >= MAX_WAIT_MS * CLOCK_MILLISECOND)
        return MAX_WAIT_MS;
    return left > 0 ? (int)((left + CLOCK_MILLISECOND - 1) / CLOCK_MILLISECOND)
                    : 0;
}

/* Whoever reads may take nothing any more; the time and signals end it. */
static void write_out(struct watch *watch, const struct bytes *bytes)
{
    const char *data = bytes->data;
    size_t left = bytes->length;

    while (left > 0 && !watch->ended) {
        struct pollfd polled[] = {
            {.fd = STDOUT_FILENO, .events = POLLOUT},
            {.fd = watch->signals, .events = POLLIN},
        };
        ssize_t written;

        if (poll(polled, 2, watch_wait_ms(watch->end)) < 0 && errno != EINTR)
            end_output(watch, errno);
        if (polled[0].revents == 0 && clock_now() >= watch->end)
            watch->ended = true;
        if (polled[1].revents != 0)
            watch_take_signals(watch);
        if (watch->ended || polled[0].revents == 0)
            continue;
        written = write(STDOUT_FILENO, data, left < PIECE ? left : PIECE);
        if (written < 0 && errno != EINTR && errno != EAGAIN)
            end_output(watch, errno);
        if (written > 0) {
            data += written;
            left -= (size_t)written;
        }
    }
}

/* The state of the connection as the head of the screen has it. */
static void write_state(const struct watch *watch, char *text, size_t size)
{
    const struct watch_client *client = &watch->client;
    int64_t left = client->retry_at - clock_now();

    switch (client->state) {
    case WATCH_LIVE:
        snprintf(text, size, "live");
        break;
    case WATCH_CONNECTING:
        snprintf(text, size,
                 client->failures > 0 ? "connecting: %s" : "connecting",
                 client->cause);
        break;
    case WATCH_WAITING:
    case WATCH_REFUSED:
        snprintf(text, size, "reconnecting in %d s: %s",
                 left > 0 ? (int)(left / CLOCK_SECOND) + 1 : 0, client->cause);
        break;
    }
}

static void draw_frame(struct watch *watch)
{
    char state[TRANSPORT_CAUSE_SIZE + 64];
    struct watch_screen screen = {
        .utf8 = watch->utf8,
        .colours = watch->colours,
        .service = watch->service,
        .sort = watch->options->id_count == 0 ? watch->options->sort : NULL,
        .descending = strcmp(watch->options->order, "desc") == 0,
        .live = watch->client.state == WATCH_LIVE,
        .state = state,
        .advice = watch->client.advice,
        .now = clock_now(),
    };

    write_state(watch, state, sizeof(state));
    terminal_size(&screen.columns, &screen.rows);
    watch_client_set_limit(&watch->client,
                           watch_screen_table_rows(screen.rows));
    screen.uptime = screen.now - watch->started;
    bytes_clear(&watch->frame);
    watch_screen_draw(&watch->frame, &screen, &watch->view);
    terminal_frame(&watch->terminal, &watch->frame, watch->draw_again,
                   &watch->out);
    watch->told = watch->client.state;
    watch->drawn_at = screen.now;
    watch->draw_again = false;
    watch->changed = false;
    write_out(watch, &watch->out);
}

/* Without a screen, stderr says when the connection is lost and is back. */
static void tell_state(struct watch *watch)
{
    const struct watch_client *client = &watch->client;

    if (client->state == WATCH_WAITING && client->failures == 1 &&
        watch->told != WATCH_WAITING) {
        console_line(CONSOLE_INFO, "%s: %s; connecting again.%s%s",
                     watch->service, client->cause,
                     client->advice[0] != '\0' ? " " : "", client->advice);
        watch->told = WATCH_WAITING;
    } else if (client->state == WATCH_LIVE && watch->told == WATCH_WAITING) {
        console_line(CONSOLE_INFO, "%s: connected again", watch->service);
        watch->told = WATCH_LIVE;
    }
}

int64_t watch_show(struct watch *watch)
{
    int64_t due;

    if (watch->plain) {
        tell_state(watch);
        write_out(watch, &watch->lines);
        bytes_clear(&watch->lines);
        return INT64_MAX;
    }
    watch->changed = watch->changed || watch->told != watch->client.state;
    due = watch->drawn_at +
          (watch->changed ? FRAME_MS : UPTIME_MS) * CLOCK_MILLISECOND;
    if (watch->draw_again || clock_now() >= due) {
        draw_frame(watch);
        due = watch->drawn_at + UPTIME_MS * CLOCK_MILLISECOND;
    }
    return due;
}

bool watch_is_output_closed(void)
{
    struct pollfd polled = {.fd = STDOUT_FILENO};

    return poll(&polled, 1, 0) > 0 &&
           (polled.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
}
