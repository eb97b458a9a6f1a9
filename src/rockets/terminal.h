/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal of a full-screen view: stdout shows it, stdin gives the keys.
 * A view takes the alternate screen, hides the cursor and turns the echo off,
 * and gives all that back. Signals come as bytes of a descriptor, so that
 * nothing has to be done in a handler.
 *
 * Locking: none; one thread uses it, before others are started.
 */
#ifndef ROCKETS_TERMINAL_H
#define ROCKETS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "bytes.h"

enum {
    TERMINAL_COLUMNS = 80, /* if it does not say */
    TERMINAL_ROWS = 24,
    TERMINAL_MAX_COLUMNS = 1000,
    TERMINAL_MAX_ROWS = 500,
};

struct terminal {
    bool entered;
    bool has_keys;         /* stdin is a terminal */
    struct termios before; /* of stdin, if `has_keys` */
    struct bytes shown;    /* the frame that it shows */
};

/* Whether stdout is a terminal that knows control sequences. */
bool terminal_is_usable(void);

/* Whether to use colours: not if NO_COLOR is set (https://no-color.org). */
bool terminal_has_colours(void);

/* Whether the locale is one of UTF-8. Call setlocale(3) before. */
bool terminal_is_utf8(void);

void terminal_size(unsigned *columns, unsigned *rows);

/* Does nothing if the view has the terminal already. */
void terminal_enter(struct terminal *terminal);

/*
 * Take the terminal again, also if the view has it already: whoever had it
 * meanwhile, as the shell after a SIGSTOP, may have changed it.
 */
void terminal_retake(struct terminal *terminal);

/* Give the terminal back. Does nothing if that is done. */
void terminal_leave(struct terminal *terminal);

/* Leave, and free the memory. */
void terminal_release(struct terminal *terminal);

/*
 * Make of a frame, lines that end with LF, the bytes that show it from the top
 * left corner on: nothing is erased before it is written, so it does not
 * flicker. Nothing is written if the terminal shows this frame already, unless
 * `again`. Returns what to write, which has no bytes then.
 */
void terminal_frame(struct terminal *terminal, const struct bytes *frame,
                    bool again, struct bytes *out);

#endif
