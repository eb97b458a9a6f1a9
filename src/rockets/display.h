/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for a terminal or a pipe, made of what a service sends: nothing of it
 * may control the terminal, change the direction of other text, or take more
 * columns than it was given.
 *
 * Locking: none. wcwidth(3) depends on the locale (LC_CTYPE).
 */
#ifndef ROCKETS_DISPLAY_H
#define ROCKETS_DISPLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"

enum { DISPLAY_MARKS = 2 /* combining marks that one character may have */ };

/*
 * Append `text` in exactly `columns` columns: cut, with a mark at its end, or
 * filled with spaces, which stand on the left if `right`. What is not a
 * printable character becomes "?"; with `utf8` false all but ASCII does.
 */
void display_field(struct bytes *out, const char *text, size_t columns,
                   bool right, bool utf8);

/* Append `text` in at most `columns` columns. Returns how many it takes. */
size_t display_text(struct bytes *out, const char *text, size_t columns,
                    bool utf8);

/* How many columns all of `text` takes. */
size_t display_width(const char *text, bool utf8);

/*
 * Append `text` for programs: nothing is lost. Control characters, those that
 * format text, and bytes that are not UTF-8 become escapes as "\u001b" (and
 * "\xff"), a backslash becomes two.
 */
void display_escaped(struct bytes *out, const char *text);

#endif
