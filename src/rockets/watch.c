/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread does everything: it waits for the connections, for signals, which
 * come through a descriptor, for keys, and for the time of the next frame.
 *
 * Output never blocks for long without a look at the signals: whoever reads it
 * may have stopped, and Ctrl-C must work nevertheless. Meanwhile nothing is
 * read from the service, which has to cope with slow readers, and does.
 */
#include "watch.h"

#include <errno.h>
#include <assert.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "console.h"
#include "terminal.h"
#include "watch_client.h"
#include "watch_events.h"
#include "watch_screen.h"
#include "watch_url.h"

enum {
    FRAME_MS = 100,   /* between two frames, at least */
    UPTIME_MS = 1000, /* between two frames, at most: the uptime moves on */
    PIECE = 4096,     /* PIPE_BUF: a pipe that is writable takes so much */
    MAX_WAIT_MS = 60000,
};

struct watch {
    const struct watch_options *options;
    bool plain;
    struct watch_client client;
    struct watch_events events;
    struct fleet_view *view;
    struct bytes lines; /* of --plain, to be written */
    struct bytes frame, out;
    struct terminal terminal;
    bool utf8, colours;
    char service[FLAGS_MAX_URL + 1];
    int signals; /* a signalfd(2) */
    int64_t started;
    int64_t drawn_at;
    bool draw_again; /* all of the frame, as after a change of the size */
    bool changed;    /* there is something to draw */
    bool ended;
    int status; /* of the exit */
    /* The state that the screen shows, or that a line on stderr has told. */
    enum watch_state told;
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

static void take_signals(struct watch *watch)
{
    struct signalfd_siginfo info;

    while (!watch->ended &&
           read(watch->signals, &info, sizeof(info)) == sizeof(info))
        take_signal(watch, info.ssi_signo);
}

static bool open_signals(struct watch *watch)
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

        if (poll(polled, 2, -1) < 0 && errno != EINTR)
            end_output(watch, errno);
        if (polled[1].revents != 0)
            take_signals(watch);
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

static void take_event(void *context, const struct event_stream_event *event)
{
    struct watch *watch = context;

    switch (watch_events_take(&watch->events, event)) {
    case WATCH_NEWS_ROCKETS:
        watch_client_read_soon(&watch->client, WATCH_LIST_SOON_MS);
        break;
    case WATCH_NEWS_LOST:
        watch_client_read_soon(&watch->client, 0);
        break;
    case WATCH_NEWS_NONE:
        break;
    }
    watch->changed = true;
}

static void take_rows(void *context, const char *body, size_t length)
{
    struct watch *watch = context;

    watch_events_take_rows(&watch->events, body, length);
    watch->changed = true;
}

static size_t row_ids(void *context, const char *ids[static WATCH_MAX_IDS])
{
    const struct watch *watch = context;

    static_assert((int)FLEET_VIEW_MAX_ROWS <= (int)WATCH_MAX_IDS,
                  "a stream has them all");
    for (size_t i = 0; i < watch->view->row_count; i++)
        ids[i] = watch->view->rows[i].id;
    return watch->view->row_count;
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
        .now = clock_now(),
    };

    write_state(watch, state, sizeof(state));
    terminal_size(&screen.columns, &screen.rows);
    watch_client_set_limit(&watch->client,
                           watch_screen_table_rows(screen.rows));
    screen.uptime = screen.now - watch->started;
    bytes_clear(&watch->frame);
    watch_screen_draw(&watch->frame, &screen, watch->view);
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

/* Write what there is. Returns when to do it again. */
static int64_t show(struct watch *watch)
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

static void take_keys(struct watch *watch)
{
    char keys[64];
    ssize_t count = read(STDIN_FILENO, keys, sizeof(keys));

    for (ssize_t i = 0; i < count; i++)
        if (keys[i] == 'q' || keys[i] == 'Q')
            watch->ended = true;
}

/* Whoever reads stdout has gone. A pipe tells that without a write. */
static bool is_output_closed(void)
{
    struct pollfd polled = {.fd = STDOUT_FILENO};

    return poll(&polled, 1, 0) > 0 &&
           (polled.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
}

/* Wait for the connections, signals, keys, or `until`. */
static void wait_for_news(struct watch *watch, int64_t until)
{
    /* stdout: poll(2) tells its end even if nothing is asked for. */
    struct curl_waitfd others[] = {
        {.fd = watch->signals, .events = CURL_WAIT_POLLIN},
        {.fd = STDOUT_FILENO},
        {.fd = STDIN_FILENO, .events = CURL_WAIT_POLLIN},
    };
    const int64_t left = until - clock_now();
    int milliseconds = MAX_WAIT_MS;

    if (left < MAX_WAIT_MS * CLOCK_MILLISECOND)
        milliseconds =
            left > 0 ? (int)((left + CLOCK_MILLISECOND - 1) / CLOCK_MILLISECOND)
                     : 0;
    curl_multi_poll(watch->client.multi, others,
                    watch->terminal.has_keys ? 3 : 2, milliseconds, NULL);
    take_signals(watch);
    if (watch->terminal.has_keys && others[2].revents != 0)
        take_keys(watch);
    if (is_output_closed())
        watch->ended = true;
}

static int fail_for_good(struct watch *watch)
{
    const struct watch_client *client = &watch->client;

    terminal_leave(&watch->terminal);
    if (client->out_of_memory)
        console_line(CONSOLE_ERROR, "out of memory");
    else
        console_line(CONSOLE_ERROR, "%s: %s%s%s", watch->service, client->cause,
                     client->advice[0] != '\0' ? ". " : "", client->advice);
    return EXIT_FAILURE;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void run_loop(struct watch *watch)
{
    const int64_t end = watch->options->max_time > 0
                            ? watch->started + watch->options->max_time
                            : INT64_MAX;

    while (!watch->ended) {
        int64_t next = watch_client_step(&watch->client);

        if (watch->client.state == WATCH_REFUSED ||
            watch->client.out_of_memory || watch->lines.failed) {
            watch->status = fail_for_good(watch);
            return;
        }
        next = earlier(earlier(next, end), show(watch));
        if (watch_events_ended(&watch->events) || clock_now() >= end)
            return;
        if (!watch->ended)
            wait_for_news(watch, next);
    }
}

/* What to ask the service for. */
static struct watch_client_options client_options(struct watch *watch)
{
    const struct watch_options *options = watch->options;
    const char *events = options->events;

    /*
     * All changes of all rockets are more than most want to read as lines; who
     * names rockets wants theirs.
     */
    if (events == NULL)
        events = watch->plain && options->id_count == 0
                     ? "launched,exploded,summary"
                     : "rockets,launched,exploded,summary";
    return (struct watch_client_options){
        .url = options->url,
        .events = events,
        .interval_ms = (unsigned)(options->interval / CLOCK_MILLISECOND),
        .rows = !watch->plain,
        .sort = options->sort,
        .order = options->order,
        .ids = options->ids,
        .id_count = options->id_count,
        .context = watch,
        .take_event = take_event,
        .take_rows = take_rows,
        .row_ids = row_ids,
    };
}

static int watch_service(struct watch *watch)
{
    const struct watch_client_options options = client_options(watch);
    unsigned columns, rows;

    if (!watch_client_init(&watch->client, &options) || !open_signals(watch)) {
        console_line(CONSOLE_ERROR, "can't start (%s)", strerrordesc_np(errno));
        return EXIT_FAILURE;
    }
    watch->started = clock_now();
    if (!watch->plain) {
        terminal_size(&columns, &rows);
        watch_client_set_limit(&watch->client, watch_screen_table_rows(rows));
        terminal_enter(&watch->terminal);
        watch->draw_again = true;
    }
    run_loop(watch);
    terminal_leave(&watch->terminal);
    close(watch->signals);
    return watch->status;
}

int watch_run(const struct watch_options *options)
{
    struct watch *watch = calloc(1, sizeof(*watch));
    struct fleet_view *view = calloc(1, sizeof(*view));
    int status = EXIT_FAILURE;

    if (watch == NULL || view == NULL) {
        console_line(CONSOLE_ERROR, "out of memory");
        free(watch);
        free(view);
        return EXIT_FAILURE;
    }
    setlocale(LC_CTYPE, ""); /* NOLINT(concurrency-mt-unsafe) */
    signal(SIGPIPE, SIG_IGN);
    watch->options = options;
    watch->view = view;
    watch->plain = options->plain || !terminal_is_usable();
    watch->utf8 = terminal_is_utf8();
    watch->colours = terminal_has_colours();
    watch->events = (struct watch_events){
        .view = view,
        .ids = options->ids,
        .id_count = options->id_count,
        .lines = watch->plain ? &watch->lines : NULL,
        .max_shown = options->max_events,
    };
    watch_events_start(&watch->events);
    snprintf(watch->service, sizeof(watch->service), "%.*s",
             (int)watch_url_base(options->url), options->url);
    status = watch_service(watch);
    watch_client_release(&watch->client);
    terminal_release(&watch->terminal);
    bytes_release(&watch->lines);
    bytes_release(&watch->frame);
    bytes_release(&watch->out);
    free(view);
    free(watch);
    return status;
}
