/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of JSON strings, eight at a time.
 */
#ifndef LUNAR_FORMAT_JSON_BYTES_H
#define LUNAR_FORMAT_JSON_BYTES_H

#include <stdint.h>

/*
 * The top bit of each of the eight bytes of `word` that JSON strings hold
 * only escaped (RFC 8259 section 7): the subtraction wraps, of 0x20 for
 * control characters, of 1 for what an exclusive or has made 0. It counts
 * only where the bit was not set before, which is not ASCII. A borrow can
 * mark bytes above one that is marked rightly; so the lowest mark is right,
 * and so is there being none.
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
