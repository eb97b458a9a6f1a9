/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of the full-screen view while it is put together, and figures as they
 * are shown there.
 */
#ifndef ROCKETS_SCREEN_LINE_H
#define ROCKETS_SCREEN_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"
#include "watch_screen.h"

enum screen_style {
    SCREEN_PLAIN,
    SCREEN_BOLD,
    SCREEN_DIM,
    SCREEN_REVERSE,
    SCREEN_GOOD, /* green */
    SCREEN_BAD,  /* red */
};

struct screen_line {
    struct bytes *out;
    size_t used, left; /* columns */
    bool utf8, colours;
    enum screen_style style;
};

struct screen_line screen_line_begin(struct bytes *out,
                                     const struct watch_screen *screen);

/* How what follows looks; nothing without colours. */
void screen_line_style(struct screen_line *line, enum screen_style style);

/* Add as much of the text as fits. */
void screen_line_text(struct screen_line *line, const char *text);

/* Add the text in exactly so many columns, or in what is left. */
void screen_line_field(struct screen_line *line, const char *text,
                       size_t columns, bool right);

/* Fill what is left with spaces. */
void screen_line_fill(struct screen_line *line);

void screen_line_end(struct screen_line *line);

/* A number as "-1,234,567". Returns `text`. */
const char *screen_count(double number,
                         char text[static WATCH_SCREEN_COUNT_SIZE]);

/* A rate with three digits or more, as "0.52", "12.5", "6,485". */
const char *screen_rate(double rate, char text[static WATCH_SCREEN_COUNT_SIZE]);

#endif
