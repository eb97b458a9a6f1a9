/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers are written without separators, for programs.
 */
#include "watch_plain.h"

#include <stdio.h>

#include "display.h"

static void begin_line(struct bytes *out, const struct timespec *time,
                       const char *event)
{
    char text[64] = "", zone[8] = "";
    struct tm local;

    if (localtime_r(&time->tv_sec, &local) != NULL) {
        size_t length =
            strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &local);

        /* "+0100"; RFC 3339 has a colon in it. */
        strftime(zone, sizeof(zone), "%z", &local);
        snprintf(text + length, sizeof(text) - length, ".%03ld%.3s:%.2s",
                 time->tv_nsec / 1000000, zone, zone + 3);
    }
    bytes_append_text(out, text);
    bytes_append_text(out, "\t");
    bytes_append_text(out, event);
}

static void add_text(struct bytes *out, const char *text)
{
    bytes_append_text(out, "\t");
    if (*text == '\0')
        bytes_append_text(out, "-");
    else
        display_escaped(out, text);
}

static void add_figure(struct bytes *out, const char *name, double value)
{
    char text[64];

    snprintf(text, sizeof(text), "\t%s=%.0f", name, value);
    bytes_append_text(out, text);
}

void watch_plain_rocket(struct bytes *out, const struct timespec *time,
                        const char *event, const struct rocket_state *rocket)
{
    char speed[64];

    begin_line(out, time, event);
    add_text(out, rocket->id);
    add_text(out, rocket->type);
    add_text(out, rocket->mission);
    snprintf(speed, sizeof(speed), "\t%.0f", rocket->speed);
    bytes_append_text(out, speed);
    add_text(out, rocket->reason);
    bytes_append_text(out, "\n");
}

void watch_plain_more(struct bytes *out, const struct timespec *time,
                      const char *event, double count)
{
    begin_line(out, time, "more");
    add_figure(out, event, count);
    bytes_append_text(out, "\n");
}

void watch_plain_summary(struct bytes *out, const struct timespec *time,
                         const struct fleet_summary *summary,
                         const struct fleet_rates *rates)
{
    const struct {
        const char *name;
        double value;
    } FIGURES[] = {
        {"rockets", summary->rockets},
        {"active", summary->active},
        {"exploded", summary->exploded},
        {"unlaunched", summary->unlaunched},
        {"incomplete", summary->incomplete},
        {"missing", summary->missing},
        {"givenUp", summary->given_up},
        {"applied", summary->applied},
        {"duplicate", summary->duplicate},
        {"stale", summary->stale},
        {"rejected", summary->rejected},
    };
    char rate[64];

    begin_line(out, time, "summary");
    for (size_t i = 0; i < sizeof(FIGURES) / sizeof(FIGURES[0]); i++)
        add_figure(out, FIGURES[i].name, FIGURES[i].value);
    if (rates != NULL)
        snprintf(rate, sizeof(rate), "\trate=%.1f\n", rates->messages);
    bytes_append_text(out, rates != NULL ? rate : "\trate=-\n");
}

void watch_plain_position(struct bytes *out, const struct timespec *time,
                          const char *event, const char *start, double revision)
{
    begin_line(out, time, event);
    bytes_append_text(out, "\tstart=");
    display_escaped(out, start);
    add_figure(out, "revision", revision);
    bytes_append_text(out, "\n");
}
