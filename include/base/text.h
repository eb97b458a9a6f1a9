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
 * The top bit of each of the eight bytes of `word` that JSON strings hold
 * only escaped (RFC 8259 section 7): the subtraction wraps, of 0x20 for
 * control characters, of 1 for what an exclusive or has made 0. It counts
 * only where the bit was not set before, which is not ASCII. A borrow can
 * mark bytes above one that is marked rightly; so the lowest mark is right,
 * and so is there being none.
 */
static inline uint64_t text_mark_escaped(uint64_t word)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t control = word - each * 0x20;
    uint64_t quote = (word ^ each * '"') - each;
    uint64_t backslash = (word ^ each * '\\') - each;

    return (control | quote | backslash) & ~word & each * 0x80;
}

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

/*
 * Read a number that is written in decimal digits and nothing else, at most
 * `max`. False, with `number` untouched, for anything else.
 */
bool text_read_unsigned(struct text text, uint64_t max, uint64_t *number);

#endif
