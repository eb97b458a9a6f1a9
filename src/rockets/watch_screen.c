/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each line is put together from the left, and knows how many columns are left.
 * The table is in watch_table.c.
 */
#include "watch_screen.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "display.h"
#include "screen_line.h"
#include "watch_table.h"

enum {
    HEAD_ROWS = 3,
    TITLE_ROWS = 1,
    LEAST_FOR_FEED = 6, /* rows below the head and a title */
    LEAST_FEED = 2,
    FEED_SHARE = 4, /* one row in so many */
    UPTIME_COLUMNS = 9,
    WIDE_HEAD = 27, /* columns from which on the head has the uptime */
    EVENT_COLUMNS = 9,
};

/* How the rows below the head are used. */
struct areas {
    size_t table, feed; /* rows without their titles; 0: no title either */
};

static struct areas divide_rows(unsigned rows)
{
    struct areas areas = {0, 0};
    size_t left =
        rows > HEAD_ROWS + TITLE_ROWS ? rows - HEAD_ROWS - TITLE_ROWS : 0;

    if (left >= LEAST_FOR_FEED) {
        areas.feed = left / FEED_SHARE;
        if (areas.feed < LEAST_FEED)
            areas.feed = LEAST_FEED;
        left -= areas.feed + TITLE_ROWS;
    }
    areas.table = left;
    if (areas.table > FLEET_VIEW_MAX_ROWS) {
        areas.feed += areas.table - FLEET_VIEW_MAX_ROWS;
        areas.table = FLEET_VIEW_MAX_ROWS;
    }
    return areas;
}

size_t watch_screen_table_rows(unsigned rows)
{
    return divide_rows(rows).table;
}

static void write_uptime(int64_t nanoseconds, char text[static 32])
{
    long long seconds = nanoseconds / CLOCK_SECOND;

    snprintf(text, 32, "%lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60,
             seconds % 60);
}

/*
 * The uptime stands at the right, if there is room for it. The state of the
 * connection has up to half of the rest, and what the service leaves.
 */
static void draw_connection(struct bytes *out,
                            const struct watch_screen *screen)
{
    struct screen_line line = screen_line_begin(out, screen);
    const size_t uptime_columns = line.left > WIDE_HEAD ? UPTIME_COLUMNS : 0;
    size_t state_columns = display_width(screen->state, screen->utf8) + 2;
    char uptime[32];

    write_uptime(screen->uptime, uptime);
    line.left -= uptime_columns;
    if (state_columns > line.left / 2)
        state_columns = line.left / 2;
    screen_line_style(&line, SCREEN_BOLD);
    line.left -= state_columns;
    screen_line_text(&line, screen->service);
    line.left += state_columns;
    screen_line_style(&line, screen->live ? SCREEN_GOOD : SCREEN_BAD);
    screen_line_text(&line, "  ");
    screen_line_text(&line, screen->state);
    screen_line_style(&line, SCREEN_PLAIN);
    screen_line_fill(&line);
    line.left = uptime_columns;
    screen_line_field(&line, uptime, uptime_columns, true);
    screen_line_end(&line);
}

/* A figure is shown as a whole or not at all; nor are those after it. */
static void add_figure(struct screen_line *line, const char *text)
{
    size_t width = strlen(text);
    size_t gap = line->used > 0 ? 2 : 0;

    if (width + gap > line->left) {
        line->left = 0;
        return;
    }
    screen_line_text(line, gap > 0 ? "  " : "");
    screen_line_text(line, text);
}

static void add_count(struct screen_line *line, double count, const char *name)
{
    char number[WATCH_SCREEN_COUNT_SIZE];
    char text[2 * WATCH_SCREEN_COUNT_SIZE];

    screen_count(count, number);
    snprintf(text, sizeof(text), "%s %s", number, name);
    add_figure(line, text);
}

static void add_share(struct screen_line *line, const char *name, double share)
{
    char text[64];

    if (share > 0 && share < 0.0005)
        snprintf(text, sizeof(text), "%s <0.1%%", name);
    else
        snprintf(text, sizeof(text), share > 0 ? "%s %.1f%%" : "%s 0%%", name,
                 share * 100);
    add_figure(line, text);
}

static void draw_totals(struct bytes *out, const struct watch_screen *screen,
                        const struct fleet_view *view)
{
    const struct fleet_summary *summary = &view->summary;
    struct screen_line line = screen_line_begin(out, screen);

    if (view->has_summary) {
        add_count(&line, summary->rockets,
                  summary->rockets == 1 ? "rocket" : "rockets");
        add_count(&line, summary->active, "active");
        add_count(&line, summary->exploded, "exploded");
        add_count(&line, summary->unlaunched, "unlaunched");
        add_count(&line, summary->incomplete, "incomplete");
        add_count(&line, summary->missing, "missing");
    } else {
        screen_line_text(&line, "no summary so far");
    }
    screen_line_end(&line);
}

static void draw_rates(struct bytes *out, const struct watch_screen *screen,
                       const struct fleet_view *view)
{
    const struct fleet_summary *summary = &view->summary;
    struct screen_line line = screen_line_begin(out, screen);
    char number[WATCH_SCREEN_COUNT_SIZE], text[2 * WATCH_SCREEN_COUNT_SIZE];
    struct fleet_rates rates;

    if (screen->live && fleet_view_rates(view, screen->now, &rates)) {
        screen_rate(rates.messages, number);
        snprintf(text, sizeof(text), "%s messages/s", number);
        add_figure(&line, text);
        add_share(&line, "duplicates", rates.duplicate);
        add_share(&line, "late", rates.stale);
        add_share(&line, "rejected", rates.rejected);
    } else {
        add_figure(&line, "- messages/s");
    }
    if (view->has_summary && summary->memory_limit > 0)
        add_share(&line, "memory",
                  summary->memory_used / summary->memory_limit);
    screen_line_end(&line);
}

static void add_feed_text(struct screen_line *line,
                          const struct feed_entry *entry)
{
    const struct rocket_state *rocket = &entry->rocket;
    char number[WATCH_SCREEN_COUNT_SIZE];
    char text[sizeof("and  more") + WATCH_SCREEN_COUNT_SIZE];

    switch (entry->kind) {
    case FEED_MORE_LAUNCHED:
    case FEED_MORE_EXPLODED:
        screen_count(entry->count, number);
        snprintf(text, sizeof(text), "and %s more", number);
        screen_line_text(line, text);
        return;
    case FEED_NOTICE:
        screen_line_text(line, rocket->reason);
        return;
    case FEED_LAUNCHED:
    case FEED_EXPLODED:
        break;
    }
    screen_line_text(line, rocket->id);
    screen_line_text(line, "  ");
    screen_line_text(line, rocket->type[0] != '\0' ? rocket->type : "-");
    screen_line_text(line, "  ");
    screen_line_text(line, rocket->mission[0] != '\0' ? rocket->mission : "-");
    if (entry->kind == FEED_EXPLODED) {
        screen_line_text(line, "  ");
        screen_line_text(line,
                         rocket->reason[0] != '\0' ? rocket->reason : "-");
    }
}

static void draw_entry(struct bytes *out, const struct watch_screen *screen,
                       const struct feed_entry *entry)
{
    static const char *const NAMES[] = {
        [FEED_LAUNCHED] = "launched",      [FEED_EXPLODED] = "exploded",
        [FEED_MORE_LAUNCHED] = "launched", [FEED_MORE_EXPLODED] = "exploded",
        [FEED_NOTICE] = "notice",
    };
    static const enum screen_style STYLES[] = {
        [FEED_LAUNCHED] = SCREEN_GOOD,      [FEED_EXPLODED] = SCREEN_BAD,
        [FEED_MORE_LAUNCHED] = SCREEN_GOOD, [FEED_MORE_EXPLODED] = SCREEN_BAD,
        [FEED_NOTICE] = SCREEN_BOLD,
    };
    struct screen_line line = screen_line_begin(out, screen);
    struct tm local;
    char time[16] = "";

    if (localtime_r(&entry->time, &local) != NULL)
        strftime(time, sizeof(time), "%H:%M:%S ", &local);
    screen_line_text(&line, time);
    screen_line_style(&line, STYLES[entry->kind]);
    screen_line_field(&line, NAMES[entry->kind], EVENT_COLUMNS, false);
    screen_line_style(&line, SCREEN_PLAIN);
    add_feed_text(&line, entry);
    screen_line_end(&line);
}

static void draw_feed(struct bytes *out, const struct watch_screen *screen,
                      const struct fleet_view *view, size_t rows)
{
    struct screen_line line = screen_line_begin(out, screen);

    screen_line_style(&line, SCREEN_REVERSE);
    screen_line_text(&line, "LAUNCHES AND EXPLOSIONS");
    screen_line_fill(&line);
    screen_line_end(&line);
    for (size_t i = 0; i < rows; i++) {
        const struct feed_entry *entry = fleet_view_entry(view, i);

        if (entry == NULL)
            break;
        draw_entry(out, screen, entry);
    }
}

void watch_screen_draw(struct bytes *out, const struct watch_screen *screen,
                       const struct fleet_view *view)
{
    const struct areas areas = divide_rows(screen->rows);

    draw_connection(out, screen);
    if (screen->rows > 1)
        draw_totals(out, screen, view);
    if (screen->rows > 2)
        draw_rates(out, screen, view);
    if (areas.table > 0)
        watch_table_draw(out, screen, view, areas.table);
    if (areas.feed > 0)
        draw_feed(out, screen, view, areas.feed);
}
