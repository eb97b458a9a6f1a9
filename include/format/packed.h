/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of our binary forms, those of journals and snapshots. Each value
 * has one form and no other, which is checked when it is read; so nearly all
 * damage that a sum could miss is found as well.
 *
 *     varint      seven bits a byte, lowest first; the top bit says that more
 *                 follow
 *     signed      a varint of 0, -1, 1, -2, ... mapped to 0, 1, 2, 3, ...
 *     text        its length, as a varint, and its bytes
 *     id          a byte that has PACKED_UUID, and the 16 bytes of a UUID in
 *                 lower case (RFC 9562 section 4); or one without, and a text
 *     time        digits and spelling in 1 byte; the seconds; the nanoseconds
 *                 in units of the last digit; the offset
 *
 * Inline, as recording a message takes a few dozen instructions.
 *
 * Locking: none.
 */
#ifndef LUNAR_FORMAT_PACKED_H
#define LUNAR_FORMAT_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "format/timestamp.h"

enum {
    PACKED_UUID = 0x80,      /* in the first byte of an id */
    PACKED_UUID_BYTES = 16,  /* of a UUID, packed */
    PACKED_UUID_TEXT = 36,   /* characters of a UUID */
    PACKED_VARINT_ROOM = 10, /* bytes of a varint of 64 bits */
    PACKED_TIME_ROOM = 1 + 3 * PACKED_VARINT_ROOM,
    PACKED_MAX_DIGITS = 9, /* of the fraction of a second */
};

/* Writing. Each function returns the place after what it wrote. */

static inline char *packed_put_byte(char *at, unsigned byte)
{
    *at = (char)byte;
    return at + 1;
}

static inline char *packed_put_varint(char *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        at = packed_put_byte(at, (unsigned)(value & 0x7f) | 0x80);
    return packed_put_byte(at, (unsigned)value);
}

static inline char *packed_put_signed(char *at, int64_t value)
{
    uint64_t twice = (uint64_t)value << 1;

    return packed_put_varint(at, value < 0 ? ~twice : twice);
}

static inline char *packed_put_text(char *at, struct text text)
{
    at = packed_put_varint(at, text.length);
    memcpy(at, text.data, text.length);
    return at + text.length;
}

/* False, with `uuid` undefined, if the text is not a UUID in lower case. */
bool packed_uuid(struct text text, char uuid[PACKED_UUID_BYTES]);

/*
 * Write an id, with `bits` in its first byte, which do not have PACKED_UUID.
 * The place needs room for PACKED_UUID_BYTES, also if the id is shorter.
 */
static inline char *packed_put_id(char *at, struct text id, unsigned bits)
{
    if (packed_uuid(id, at + 1)) {
        packed_put_byte(at, bits | PACKED_UUID);
        return at + 1 + PACKED_UUID_BYTES;
    }
    return packed_put_text(packed_put_byte(at, bits), id);
}

/* The nanoseconds of a unit of the last digit. */
static inline uint32_t packed_digit_unit(unsigned digits)
{
    static const uint32_t units[PACKED_MAX_DIGITS + 1] = {
        1000000000, 100000000, 10000000, 1000000, 100000,
        10000,      1000,      100,      10,      1};

    return units[digits];
}

static inline char *packed_put_time(char *at, const struct timestamp *time)
{
    at = packed_put_byte(at, time->digits | (unsigned)time->spelling << 4);
    at = packed_put_signed(at, time->seconds);
    at = packed_put_varint(at,
                           time->nanoseconds / packed_digit_unit(time->digits));
    return packed_put_signed(at, time->offset);
}

/*
 * Reading. Once a reader has failed, what it returns has no meaning; so it is
 * asked once, at the end.
 */
struct packed {
    struct text rest;
    bool failed;
};

static inline uint8_t packed_take_byte(struct packed *in)
{
    if (in->rest.length == 0) {
        in->failed = true;
        return 0;
    }
    uint8_t byte = (uint8_t)in->rest.data[0];
    in->rest = text_skip(in->rest, 1);
    return byte;
}

/* A number from `min` to `max`. */
static inline uint64_t packed_take_varint(struct packed *in, uint64_t min,
                                          uint64_t max)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        byte = packed_take_byte(in);
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while ((byte & 0x80) != 0 && shift < 7 * PACKED_VARINT_ROOM);
    /* More bits than 64, or a last byte without any, are not ours. */
    if ((shift == 7 * PACKED_VARINT_ROOM && byte > 1) ||
        (byte == 0 && shift > 7) || value < min || value > max)
        in->failed = true;
    return value;
}

static inline int64_t packed_take_signed(struct packed *in)
{
    uint64_t twice = packed_take_varint(in, 0, UINT64_MAX);
    int64_t half = (int64_t)(twice >> 1);

    return (twice & 1) != 0 ? -half - 1 : half;
}

static inline struct text packed_take_bytes(struct packed *in, size_t length)
{
    if (in->failed || length > in->rest.length) {
        in->failed = true;
        return (struct text){NULL, 0};
    }
    struct text bytes = {in->rest.data, length};
    in->rest = text_skip(in->rest, length);
    return bytes;
}

/* A text of 1 to `max` bytes, which may be any. */
static inline struct text packed_take_text(struct packed *in, size_t max)
{
    return packed_take_bytes(in, packed_take_varint(in, 1, max));
}

/*
 * The id after its first byte, `first`. One that is a UUID is written to
 * `uuid`, any other has 1 to `max` bytes.
 * Ownership: the text is borrowed from the bytes or from `uuid`.
 */
struct text packed_take_id(struct packed *in, unsigned first, size_t max,
                           char uuid[PACKED_UUID_TEXT]);

/* Only what timestamp_parse() can have made. */
struct timestamp packed_take_time(struct packed *in);

#endif
