/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds bytes that JSON strings must escape, eight bytes at a time.
 */
#ifndef LUNAR_FORMAT_JSON_BYTES_H
#define LUNAR_FORMAT_JSON_BYTES_H

#include <stdint.h>

/*
 * Mark, by its top bit, each byte of `word` that a JSON string must escape (RFC
 * 8259 section 7). A subtraction wraps in each byte that is too small, and so
 * sets its top bit: below 0x20 for control characters, below 1 for a byte that
 * the exclusive or has made 0. A byte that had the bit set before is not ASCII
 * and is not marked. A borrow can also mark bytes above a byte that is marked
 * correctly. So the lowest mark is correct, and so is the absence of marks.
 */
static inline uint64_t json_mark_escaped(uint64_t word)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t control = word - each * 0x20;
    uint64_t quote = (word ^ each * '"') - each;
    uint64_t backslash = (word ^ each * '\\') - each;

    return (control | quote | backslash) & ~word & each * 0x80;
}

#endif
