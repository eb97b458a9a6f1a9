/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Borrowed text: a pointer and a length. It refers to parts of a request
 * without a copy. It need not end in a NUL and may contain any byte. Absent
 * text has a NULL pointer; empty text has a valid one.
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

/* The text of a NUL-terminated string; absent for NULL. */
struct text text_of(const char *string);

bool text_equal(struct text a, struct text b);

/* Whether equal except for the case of ASCII letters, in any locale. */
bool text_equal_ignoring_case(struct text a, struct text b);

/*
 * Compare by bytes: less than, equal to or greater than 0, as memcmp(3). A
 * prefix sorts before a longer text.
 */
int text_compare(struct text a, struct text b);

/*
 * `text` without leading and trailing spaces and tabs (RFC 9110 section 5.6.3,
 * OWS).
 */
struct text text_trim(struct text text);

/*
 * Remove the part before the first `separator`, and the separator, from the
 * front of `rest`. Returns the part. Without a separator it is all of `rest`,
 * which then becomes absent.
 */
struct text text_split(struct text *rest, char separator);

/* `text` without its first `length` bytes. */
static inline struct text text_skip(struct text text, size_t length)
{
    return (struct text){text.data + length, text.length - length};
}

/*
 * Remove `prefix`, ignoring the case of ASCII letters, from the front of
 * `rest`. False, with `rest` untouched, if it is not there.
 */
bool text_take_prefix(struct text *rest, struct text prefix);

/* Whether `byte` is an ASCII digit or letter, in any locale. */
static inline bool text_is_digit(int byte)
{
    return byte >= '0' && byte <= '9';
}

static inline bool text_is_letter(int byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* The value of a hexadecimal digit, in either case; -1 for another byte. */
int text_hex_value(int byte);

/*
 * Read a number of decimal digits only, at most `max`. False, with `number`
 * untouched, for anything else.
 */
bool text_read_unsigned(struct text text, uint64_t max, uint64_t *number);

#endif
