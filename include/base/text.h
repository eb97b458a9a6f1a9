/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A piece of text that somebody else owns: a pointer and a length, so that
 * parts of a request can be named without copying them. It need not end in
 * a NUL and may hold any byte. Text that is absent has a NULL pointer; text
 * that is empty has not.
 */
#ifndef LUNAR_BASE_TEXT_H
#define LUNAR_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    const char *data;
    size_t length;
};

/* The text of a string literal. */
#define TEXT(literal) ((struct text){"" literal, sizeof(literal) - 1})

/* The text of a string; absent for NULL. */
struct text text_of(const char *string);

bool text_equal(struct text a, struct text b);

/* Equal but for the case of ASCII letters, whatever the locale. */
bool text_equal_ignoring_case(struct text a, struct text b);

/*
 * Less than, equal to or greater than 0, as memcmp(3): by bytes, a prefix
 * before what it begins.
 */
int text_compare(struct text a, struct text b);

/* Without the spaces and tabs (RFC 9110 section 5.6.3, OWS) at both ends. */
struct text text_trim(struct text text);

/*
 * Take what stands before the first `separator` off the front of `rest`,
 * and the separator with it; all of it where there is none, and then
 * `rest` becomes absent.
 */
struct text text_split(struct text *rest, char separator);

/* What is left of `text` behind its first `length` bytes. */
static inline struct text text_skip(struct text text, size_t length)
{
    return (struct text){text.data + length, text.length - length};
}

/*
 * Take `prefix`, whatever the case of its ASCII letters, off the front of
 * `rest`. False, with `rest` untouched, if it is not there.
 */
bool text_take_prefix(struct text *rest, struct text prefix);

/* The value of a hexadecimal digit, in either case; -1 for anything else. */
int text_hex_value(int byte);

/*
 * Read a number that is written in decimal digits and nothing else, at most
 * `max`. False, with `number` untouched, for anything else.
 */
bool text_read_unsigned(struct text text, uint64_t max, uint64_t *number);

#endif
