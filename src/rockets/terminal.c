/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control sequences are those of ECMA-48 and xterm that all terminals of today
 * have. No terminfo: the few sequences are the same everywhere.
 */
#include "terminal.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/*
 * The alternate screen, no cursor, and no wrapping: a row that is a column too
 * wide, as where the terminal and the locale differ on a character, is cut and
 * moves no other row.
 */
#define ENTER "\033[?1049h\033[?25l\033[?7l\033[H\033[2J"
#define LEAVE "\033[0m\033[?7h\033[?25h\033[?1049l"
#define HOME "\033[H"
#define ERASE_TO_END_OF_LINE "\033[K"
#define ERASE_BELOW "\033[J"

/* Called before other threads start, as all that read the environment. */
bool terminal_is_usable(void)
{
    const char *kind = getenv("TERM"); /* NOLINT(concurrency-mt-unsafe) */

    return isatty(STDOUT_FILENO) == 1 && kind != NULL && *kind != '\0' &&
           strcmp(kind, "dumb") != 0;
}

bool terminal_has_colours(void)
{
    const char *no = getenv("NO_COLOR"); /* NOLINT(concurrency-mt-unsafe) */

    return no == NULL || *no == '\0';
}

bool terminal_is_utf8(void)
{
    const char *set = nl_langinfo(CODESET); /* NOLINT(concurrency-mt-unsafe) */

    return strcmp(set, "UTF-8") == 0;
}

void terminal_size(unsigned *columns, unsigned *rows)
{
    struct winsize size;

    *columns = TERMINAL_COLUMNS;
    *rows = TERMINAL_ROWS;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        return;
    if (size.ws_col > 0)
        *columns = size.ws_col < TERMINAL_MAX_COLUMNS ? size.ws_col
                                                      : TERMINAL_MAX_COLUMNS;
    if (size.ws_row > 0)
        *rows =
            size.ws_row < TERMINAL_MAX_ROWS ? size.ws_row : TERMINAL_MAX_ROWS;
}

/* A terminal that does not take it has gone; the next frame will tell. */
static void write_sequence(const char *sequence)
{
    ssize_t written = write(STDOUT_FILENO, sequence, strlen(sequence));

    (void)written;
}

/* ISIG stays: Ctrl-C is a signal. */
static void take_keys(const struct terminal *terminal)
{
    struct termios keys = terminal->before;

    if (!terminal->has_keys)
        return;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    keys.c_cc[VMIN] = 0;
    keys.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &keys);
}

void terminal_enter(struct terminal *terminal)
{
    if (terminal->entered)
        return;
    terminal->has_keys = isatty(STDIN_FILENO) == 1 &&
                         tcgetattr(STDIN_FILENO, &terminal->before) == 0;
    terminal_retake(terminal);
}

void terminal_retake(struct terminal *terminal)
{
    terminal->entered = true;
    take_keys(terminal);
    write_sequence(ENTER);
    bytes_clear(&terminal->shown);
}

void terminal_leave(struct terminal *terminal)
{
    if (!terminal->entered)
        return;
    terminal->entered = false;
    write_sequence(LEAVE);
    if (terminal->has_keys)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->before);
}

void terminal_release(struct terminal *terminal)
{
    terminal_leave(terminal);
    bytes_release(&terminal->shown);
}

static bool is_shown(const struct terminal *terminal, const struct bytes *frame)
{
    return terminal->shown.length == frame->length &&
           (frame->length == 0 ||
            memcmp(terminal->shown.data, frame->data, frame->length) == 0);
}

void terminal_frame(struct terminal *terminal, const struct bytes *frame,
                    bool again, struct bytes *out)
{
    const char *line = frame->data;
    size_t left = frame->length;

    bytes_clear(out);
    if (!again && is_shown(terminal, frame))
        return;
    bytes_clear(&terminal->shown);
    bytes_append(&terminal->shown, frame->data, frame->length);
    bytes_append_text(out, HOME);
    while (left > 0) {
        const char *end = memchr(line, '\n', left);
        size_t length = end != NULL ? (size_t)(end - line) : left;

        bytes_append(out, line, length);
        bytes_append_text(out, ERASE_TO_END_OF_LINE);
        if (end == NULL)
            break;
        left -= length + 1;
        line = end + 1;
        /* After the last row this would scroll. */
        if (left > 0)
            bytes_append_text(out, "\r\n");
    }
    bytes_append_text(out, ERASE_BELOW);
}
