/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread does everything: it waits for the connections, for signals, which
 * come through a descriptor, for keys, and for the time of the next frame.
 */
#include "watch.h"

#include <assert.h>
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "console.h"
#include "watch_parts.h"
#include "watch_screen.h"
#include "watch_url.h"

static void take_event(void *context, const struct event_stream_event *event)
{
    struct watch *watch = context;

    switch (watch_events_take(&watch->events, event)) {
    case WATCH_NEWS_ROCKETS:
        watch_client_read_soon(&watch->client, WATCH_LIST_SOON_MS);
        break;
    case WATCH_NEWS_LOST:
        watch_client_lost(&watch->client);
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
    for (size_t i = 0; i < watch->view.row_count; i++)
        ids[i] = watch->view.rows[i].id;
    return watch->view.row_count;
}

static void take_keys(struct watch *watch)
{
    char keys[64];
    ssize_t count = read(STDIN_FILENO, keys, sizeof(keys));

    for (ssize_t i = 0; i < count; i++)
        if (keys[i] == 'q' || keys[i] == 'Q')
            watch->ended = true;
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

    curl_multi_poll(watch->client.multi, others,
                    watch->terminal.has_keys ? 3 : 2, watch_wait_ms(until),
                    NULL);
    watch_take_signals(watch);
    if (watch->terminal.has_keys && others[2].revents != 0)
        take_keys(watch);
    if (watch_is_output_closed())
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
    while (!watch->ended) {
        int64_t next = watch_client_step(&watch->client);

        if (watch->client.state == WATCH_REFUSED ||
            watch->client.out_of_memory || watch->lines.failed) {
            watch->status = fail_for_good(watch);
            return;
        }
        next = earlier(earlier(next, watch->end), watch_show(watch));
        if (watch_events_ended(&watch->events) || clock_now() >= watch->end)
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
        .access = &options->access,
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

    if (!watch_client_init(&watch->client, &options) ||
        !watch_open_signals(watch)) {
        console_line(CONSOLE_ERROR, "can't start (%s)", strerrordesc_np(errno));
        return EXIT_FAILURE;
    }
    watch->started = clock_now();
    watch->end = watch->options->max_time > 0
                     ? watch->started + watch->options->max_time
                     : INT64_MAX;
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
    int status;

    if (watch == NULL) {
        console_line(CONSOLE_ERROR, "out of memory");
        return EXIT_FAILURE;
    }
    setlocale(LC_CTYPE, ""); /* NOLINT(concurrency-mt-unsafe) */
    signal(SIGPIPE, SIG_IGN);
    watch->options = options;
    watch->plain = options->plain || !terminal_is_usable();
    watch->utf8 = terminal_is_utf8();
    watch->colours = terminal_has_colours();
    watch->events = (struct watch_events){
        .view = &watch->view,
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
    free(watch);
    return status;
}
