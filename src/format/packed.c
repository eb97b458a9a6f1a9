/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids and times: the parts that are too long to be inline.
 */
#include "format/packed.h"

#include <limits.h>

enum { MAX_OFFSET = 23 * 60 + 59 /* minutes; the other way, too */ };

/* Whether there is a dash before the byte `i` of a UUID as text. */
static bool has_dash(size_t i)
{
    return i == 4 || i == 6 || i == 8 || i == 10;
}

/*
 * The values of the lower-case hexadecimal digits, plus 1. A table, as branches
 * on random digits cannot be predicted.
 */
static const unsigned char hex_values[UCHAR_MAX + 1] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
    ['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
    ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16};

bool packed_uuid(struct text text, char uuid[PACKED_UUID_BYTES])
{
    const char *at = text.data;
    bool valid = true;

    if (text.length != PACKED_UUID_TEXT)
        return false;
    for (size_t i = 0; i < PACKED_UUID_BYTES; i++) {
        if (has_dash(i))
            valid = *at++ == '-' && valid;
        unsigned high = hex_values[(unsigned char)*at++];
        unsigned low = hex_values[(unsigned char)*at++];
        valid = high != 0 && low != 0 && valid;
        uuid[i] = (char)((high - 1) << 4 | ((low - 1) & 15));
    }
    return valid;
}

static void write_uuid(const char uuid[PACKED_UUID_BYTES],
                       char text[PACKED_UUID_TEXT])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < PACKED_UUID_BYTES; i++) {
        unsigned char byte = (unsigned char)uuid[i];
        if (has_dash(i))
            *text++ = '-';
        *text++ = digits[byte >> 4];
        *text++ = digits[byte & 15];
    }
}

struct text packed_take_id(struct packed *in, unsigned first, size_t max,
                           char uuid[PACKED_UUID_TEXT])
{
    char other_form[PACKED_UUID_BYTES];

    if ((first & PACKED_UUID) != 0) {
        struct text bytes = packed_take_bytes(in, PACKED_UUID_BYTES);
        if (!in->failed)
            write_uuid(bytes.data, uuid);
        return (struct text){uuid, PACKED_UUID_TEXT};
    }
    struct text text = packed_take_text(in, max);
    if (!in->failed && packed_uuid(text, other_form))
        in->failed = true;
    return text;
}

struct timestamp packed_take_time(struct packed *in)
{
    struct timestamp time = {0};
    uint8_t form = packed_take_byte(in);

    time.digits = form & 15;
    time.spelling = form >> 4;
    if (time.digits > PACKED_MAX_DIGITS) {
        in->failed = true;
        return time;
    }
    uint32_t unit = packed_digit_unit(time.digits);
    time.seconds = packed_take_signed(in);
    time.nanoseconds =
        (uint32_t)packed_take_varint(in, 0, TIMESTAMP_MAX_NANOSECONDS / unit) *
        unit;
    int64_t offset = packed_take_signed(in);
    time.offset = (int16_t)offset;
    if (offset < -MAX_OFFSET || offset > MAX_OFFSET ||
        !timestamp_is_valid(&time))
        in->failed = true;
    return time;
}
