/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A style is undone before the line ends, so that each line stands for itself.
 */
#include "screen_line.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "display.h"

struct screen_line screen_line_begin(struct bytes *out,
                                     const struct watch_screen *screen)
{
    return (struct screen_line){.out = out,
                                .left = screen->columns,
                                .utf8 = screen->utf8,
                                .colours = screen->colours};
}

void screen_line_style(struct screen_line *line, enum screen_style style)
{
    static const char *const SEQUENCES[] = {
        [SCREEN_PLAIN] = "\033[0m",     [SCREEN_BOLD] = "\033[0;1m",
        [SCREEN_DIM] = "\033[0;2m",     [SCREEN_REVERSE] = "\033[0;7m",
        [SCREEN_GOOD] = "\033[0;1;32m", [SCREEN_BAD] = "\033[0;1;31m",
    };

    if (line->colours && line->style != style)
        bytes_append_text(line->out, SEQUENCES[style]);
    line->style = style;
}

static void use_columns(struct screen_line *line, size_t columns)
{
    line->used += columns;
    line->left -= columns;
}

void screen_line_text(struct screen_line *line, const char *text)
{
    use_columns(line, display_text(line->out, text, line->left, line->utf8));
}

void screen_line_field(struct screen_line *line, const char *text,
                       size_t columns, bool right)
{
    if (columns > line->left)
        columns = line->left;
    display_field(line->out, text, columns, right, line->utf8);
    use_columns(line, columns);
}

void screen_line_fill(struct screen_line *line)
{
    screen_line_field(line, "", line->left, false);
}

void screen_line_end(struct screen_line *line)
{
    screen_line_style(line, SCREEN_PLAIN);
    bytes_append_text(line->out, "\n");
}

const char *screen_count(double number,
                         char text[static WATCH_SCREEN_COUNT_SIZE])
{
    char digits[WATCH_SCREEN_COUNT_SIZE];
    /* Larger ones have no place on a screen, and are not exact. */
    const double most = 1e18;
    char *out = text;
    int length;

    number = fmax(-most, fmin(most, number));
    length = snprintf(digits, sizeof(digits), "%.0f", fabs(number));
    if (number <= -0.5)
        *out++ = '-';
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
    return text;
}

const char *screen_rate(double rate, char text[static WATCH_SCREEN_COUNT_SIZE])
{
    /* The limits are where "%.2f" and "%.1f" round up to a digit more. */
    if (rate <= 0 || rate >= 99.95)
        return screen_count(rate, text);
    snprintf(text, WATCH_SCREEN_COUNT_SIZE, "%.*f", rate >= 9.995 ? 1 : 2,
             rate);
    return text;
}
