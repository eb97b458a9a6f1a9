/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record is
 *
 *     kind        1 byte
 *     type        1 byte: enum message_type, and UUID_CHANNEL
 *     channel     the 16 bytes of a UUID, or a text
 *     number      a varint
 *     time        digits and spelling in 1 byte; the seconds; the nanoseconds
 *                 in units of the last digit; the offset
 *     payload     the members of the type, in the order of its JSON
 *
 * A varint has seven bits a byte, lowest first; the top bit says that more
 * follow. What may be negative is mapped to 0, -1, 1, -2, ... first. A text is
 * its length, as a varint, and its bytes.
 *
 * Each message has one form and no other: a channel that looks like a UUID has
 * 16 bytes, and a varint no more bytes than it needs. So nearly all damage that
 * the sum of a batch could miss is found as well.
 */
#include "store/record.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "format/json_scan.h"

enum {
    UUID_CHANNEL = 0x80, /* in the byte of the type */
    UUID_LENGTH = 16,
    VARINT_BITS = 56, /* of the largest, which has eight bytes */
    VARINT_LENGTH = VARINT_BITS / 7,
    MAX_OFFSET = 23 * 60 + 59, /* minutes; the other way, too */
    MAX_DIGITS = 9,
};

#define VARINT_MAX ((UINT64_C(1) << VARINT_BITS) - 1)

static_assert(MESSAGE_LAUNCHED == 0 && MESSAGE_SPEED_INCREASED == 1 &&
                  MESSAGE_SPEED_DECREASED == 2 && MESSAGE_EXPLODED == 3 &&
                  MESSAGE_MISSION_CHANGED == 4,
              "journals hold these numbers: add types at the end");
static_assert(2 + (2 + MESSAGE_MAX_CHANNEL) + 1 + 4 * VARINT_LENGTH +
                      2 * (2 + MESSAGE_MAX_NAME) + VARINT_LENGTH <=
                  RECORD_MAX,
              "the longest record is a launch");
static_assert(MESSAGE_MAX_NUMBER <= VARINT_MAX, "a number is a varint");

/* The nanoseconds of a unit of the last digit. */
static uint32_t digit_unit(unsigned digits)
{
    static const uint32_t units[MAX_DIGITS + 1] = {
        1000000000, 100000000, 10000000, 1000000, 100000,
        10000,      1000,      100,      10,      1};

    return units[digits];
}

/* Writing. Each function returns the place after what it wrote. */

static char *write_byte(char *at, unsigned byte)
{
    *at = (char)byte;
    return at + 1;
}

static char *write_varint(char *at, uint64_t value)
{
    assert(value <= VARINT_MAX);
    for (; value >= 0x80; value >>= 7)
        at = write_byte(at, (unsigned)(value & 0x7f) | 0x80);
    return write_byte(at, (unsigned)value);
}

static char *write_signed(char *at, int64_t value)
{
    uint64_t twice = (uint64_t)value << 1;

    return write_varint(at, value < 0 ? ~twice : twice);
}

static char *write_text(char *at, struct text text)
{
    at = write_varint(at, text.length);
    memcpy(at, text.data, text.length);
    return at + text.length;
}

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

/* False, with `uuid` undefined, if the text is not a UUID in lower case. */
static bool read_uuid(struct text text, char uuid[UUID_LENGTH])
{
    const char *at = text.data;
    bool valid = true;

    if (text.length != RECORD_UUID_TEXT)
        return false;
    for (size_t i = 0; i < UUID_LENGTH; i++) {
        if (has_dash(i))
            valid = *at++ == '-' && valid;
        unsigned high = hex_values[(unsigned char)*at++];
        unsigned low = hex_values[(unsigned char)*at++];
        valid = high != 0 && low != 0 && valid;
        uuid[i] = (char)((high - 1) << 4 | ((low - 1) & 15));
    }
    return valid;
}

static void write_uuid(const char uuid[UUID_LENGTH],
                       char text[RECORD_UUID_TEXT])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < UUID_LENGTH; i++) {
        unsigned char byte = (unsigned char)uuid[i];
        if (has_dash(i))
            *text++ = '-';
        *text++ = digits[byte >> 4];
        *text++ = digits[byte & 15];
    }
}

static char *write_channel(char *at, const struct message *message)
{
    if (read_uuid(message->channel, at + 1)) {
        *at = (char)(message->type | UUID_CHANNEL);
        return at + 1 + UUID_LENGTH;
    }
    at = write_byte(at, message->type);
    return write_text(at, message->channel);
}

static char *write_time(char *at, const struct timestamp *time)
{
    at = write_byte(at, time->digits | (unsigned)time->spelling << 4);
    at = write_signed(at, time->seconds);
    at = write_varint(at, time->nanoseconds / digit_unit(time->digits));
    return write_signed(at, time->offset);
}

static char *write_payload(char *at, const struct message *message)
{
    switch (message->type) {
    case MESSAGE_LAUNCHED:
        at = write_text(at, message->rocket_type);
        at = write_varint(at, (uint64_t)message->speed);
        return write_text(at, message->mission);
    case MESSAGE_SPEED_INCREASED:
    case MESSAGE_SPEED_DECREASED:
        return write_varint(at, (uint64_t)message->speed);
    case MESSAGE_EXPLODED:
        return write_text(at, message->reason);
    case MESSAGE_MISSION_CHANGED:
        break;
    }
    return write_text(at, message->mission);
}

size_t record_write(const struct message *message, char *out)
{
    char *at = write_byte(out, RECORD_MESSAGE);

    at = write_channel(at, message);
    at = write_varint(at, message->number);
    at = write_time(at, &message->time);
    at = write_payload(at, message);
    return (size_t)(at - out);
}

/*
 * Reading. A reader that has failed reads nothing more, and what it returns has
 * no meaning; so it is asked once, at the end.
 */
struct reader {
    struct text rest;
    bool failed;
};

static uint8_t read_byte(struct reader *reader)
{
    if (reader->rest.length == 0) {
        reader->failed = true;
        return 0;
    }
    uint8_t byte = (uint8_t)reader->rest.data[0];
    reader->rest = text_skip(reader->rest, 1);
    return byte;
}

/* A number from `min` to `max`. */
static uint64_t read_varint(struct reader *reader, uint64_t min, uint64_t max)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        byte = read_byte(reader);
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while ((byte & 0x80) != 0 && shift < VARINT_BITS);
    /* With 0 at the end, or more to follow, it is none of ours. */
    if ((byte & 0x80) != 0 || (byte == 0 && shift > 7) || value < min ||
        value > max)
        reader->failed = true;
    return value;
}

static int64_t read_signed(struct reader *reader, uint64_t max)
{
    uint64_t twice = read_varint(reader, 0, 2 * max);
    int64_t half = (int64_t)(twice >> 1);

    return (twice & 1) != 0 ? -half - 1 : half;
}

static struct text read_bytes(struct reader *reader, size_t length)
{
    if (reader->failed || length > reader->rest.length) {
        reader->failed = true;
        return (struct text){NULL, 0};
    }
    struct text bytes = {reader->rest.data, length};
    reader->rest = text_skip(reader->rest, length);
    return bytes;
}

/* A text by the rules for messages, in UTF-8, as JSON is. */
static struct text read_text(struct reader *reader, size_t max)
{
    struct text text = read_bytes(reader, read_varint(reader, 1, max));

    if (!reader->failed &&
        (!message_is_text(text, max) || !json_scan_utf8(text)))
        reader->failed = true;
    return text;
}

static struct text read_channel(struct reader *reader, bool is_uuid,
                                struct record *record)
{
    char uuid[UUID_LENGTH];

    if (is_uuid) {
        struct text bytes = read_bytes(reader, UUID_LENGTH);
        if (!reader->failed)
            write_uuid(bytes.data, record->uuid);
        return (struct text){record->uuid, RECORD_UUID_TEXT};
    }
    struct text text = read_text(reader, MESSAGE_MAX_CHANNEL);
    if (!reader->failed &&
        (message_is_dot_segment(text) || read_uuid(text, uuid)))
        reader->failed = true;
    return text;
}

static struct timestamp read_time(struct reader *reader)
{
    struct timestamp time = {0};
    uint8_t form = read_byte(reader);

    time.digits = form & 15;
    time.spelling = form >> 4;
    if (time.digits > MAX_DIGITS) {
        reader->failed = true;
        return time;
    }
    uint32_t unit = digit_unit(time.digits);
    time.seconds = read_signed(reader, VARINT_MAX / 2);
    time.nanoseconds =
        (uint32_t)read_varint(reader, 0, TIMESTAMP_MAX_NANOSECONDS / unit) *
        unit;
    time.offset = (int16_t)read_signed(reader, MAX_OFFSET);
    if (!timestamp_is_valid(&time))
        reader->failed = true;
    return time;
}

static void read_payload(struct reader *reader, struct message *message)
{
    switch (message->type) {
    case MESSAGE_LAUNCHED:
        message->rocket_type = read_text(reader, MESSAGE_MAX_NAME);
        message->speed = (int64_t)read_varint(reader, 0, MESSAGE_MAX_SPEED);
        message->mission = read_text(reader, MESSAGE_MAX_NAME);
        return;
    case MESSAGE_SPEED_INCREASED:
    case MESSAGE_SPEED_DECREASED:
        message->speed = (int64_t)read_varint(reader, 0, MESSAGE_MAX_SPEED);
        return;
    case MESSAGE_EXPLODED:
        message->reason = read_text(reader, MESSAGE_MAX_NAME);
        return;
    case MESSAGE_MISSION_CHANGED:
        message->mission = read_text(reader, MESSAGE_MAX_NAME);
        return;
    }
}

enum record_result record_read(struct text *records, struct record *record)
{
    struct reader reader = {*records, false};
    struct message *message = &record->message;
    uint8_t kind = read_byte(&reader);
    uint8_t type = read_byte(&reader);

    /* Zeros are what a lost block of a disk reads as: no version's kind. */
    if (reader.failed || kind == 0)
        return RECORD_DAMAGED;
    if (kind != RECORD_MESSAGE ||
        (type & ~(unsigned)UUID_CHANNEL) >= MESSAGE_TYPE_COUNT)
        return RECORD_UNKNOWN;

    record->kind = RECORD_MESSAGE;
    memset(message, 0, sizeof(*message));
    message->type = (enum message_type)(type & ~(unsigned)UUID_CHANNEL);
    message->channel =
        read_channel(&reader, (type & UUID_CHANNEL) != 0, record);
    message->number = read_varint(&reader, 1, MESSAGE_MAX_NUMBER);
    message->time = read_time(&reader);
    read_payload(&reader, message);
    if (reader.failed)
        return RECORD_DAMAGED;
    *records = reader.rest;
    return RECORD_OK;
}
