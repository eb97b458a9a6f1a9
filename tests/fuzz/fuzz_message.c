/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes messages. A message must be accepted exactly if strict_message.c
 * accepts it, with the same content. Written again, in a plain and in an
 * unusual JSON form, it must be the same message. A refused message must have a
 * printable error text.
 */
#include "fuzz.h"

#include "base/buffer.h"
#include "domain/message_parse.h"
#include "format/json_write.h"
#include "lib/messages.h"
#include "strict_message.h"

/* The payload of a message: its members' names (NULL: no member) and texts. */
struct payload {
    const char *name, *second_name;
    struct text text, second_text;
    const char *speed;
};

static struct payload payload_of(const struct message *message)
{
    switch (message->type) {
    case MESSAGE_LAUNCHED:
        return (struct payload){"type", "mission", message->rocket_type,
                                message->mission, "launchSpeed"};
    case MESSAGE_SPEED_INCREASED:
    case MESSAGE_SPEED_DECREASED:
        return (struct payload){.speed = "by"};
    case MESSAGE_EXPLODED:
        return (struct payload){.name = "reason", .text = message->reason};
    case MESSAGE_MISSION_CHANGED:
        return (struct payload){.name = "newMission", .text = message->mission};
    }
    FUZZ_CHECK(false);
    return (struct payload){.name = NULL};
}

/* Whether the messages are equal except for the time. */
static bool same_message(const struct message *a, const struct message *b)
{
    struct message copy = *a;

    copy.time = b->time;
    return messages_same(&copy, b);
}

/* Write the message in the usual form. */
static void write_plain(struct buffer *out, const struct message *message,
                        struct text time)
{
    struct payload payload = payload_of(message);

    buffer_append(out, TEXT("{\"metadata\":{\"channel\":"));
    json_append(out, message->channel);
    buffer_append(out, TEXT(",\"messageNumber\":"));
    buffer_append_unsigned(out, message->number);
    buffer_append(out, TEXT(",\"messageTime\":"));
    json_append(out, time);
    buffer_append_format(out, ",\"messageType\":\"%s\"},\"message\":{",
                         messages_type_name(message->type));
    if (payload.name != NULL) {
        buffer_append_format(out, "\"%s\":", payload.name);
        json_append(out, payload.text);
    }
    if (payload.second_name != NULL) {
        buffer_append_format(out, ",\"%s\":", payload.second_name);
        json_append(out, payload.second_text);
    }
    if (payload.speed != NULL)
        buffer_append_format(out, "%s\"%s\":%lld", payload.name ? "," : "",
                             payload.speed, (long long)message->speed);
    buffer_append(out, TEXT("}}"));
}

/* The code point of the character at `*at`. `*at` moves to the next one. */
static uint32_t next_character(const char **at)
{
    unsigned char lead = (unsigned char)*(*at)++;
    int following = lead < 0xC0 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    uint32_t code = following == 0 ? lead : lead & (0x3FU >> following);

    for (; following > 0; following--)
        code = code << 6 | (*(*at)++ & 0x3F);
    return code;
}

/* Write a string with every character escaped, in UTF-16. */
static void write_escaped(struct buffer *out, struct text text)
{
    const char *at = text.data;

    buffer_append(out, TEXT(" \""));
    while (at < text.data + text.length) {
        uint32_t code = next_character(&at);
        if (code >= 0x10000) {
            buffer_append_format(out, "\\uD%03X",
                                 0x800 | (unsigned)((code - 0x10000) >> 10));
            code = 0xDC00 | (code & 0x3FF);
        }
        buffer_append_format(out, "\\u%04x", (unsigned)code);
    }
    buffer_append(out, TEXT("\"\t"));
}

static void write_unusual_member(struct buffer *out, const char *name,
                                 struct text value)
{
    write_escaped(out, text_of(name));
    buffer_append(out, TEXT(":"));
    write_escaped(out, value);
    buffer_append(out, TEXT(","));
}

/*
 * Write the message in an unusual form: members in another order and between
 * unknown ones, all characters escaped, numbers with fractions and exponents,
 * all four characters of white space.
 */
static void write_unusual(struct buffer *out, const struct message *message,
                          struct text time)
{
    static const char unknown[] = "\"x\":[{\"\":null}],\"x\":-0.5e-3";
    struct payload payload = payload_of(message);

    buffer_append(out, TEXT("\r\n{\"message\" : {"));
    if (payload.speed != NULL)
        buffer_append_format(out, "\"%s\":%lld.00E-0\n,", payload.speed,
                             (long long)message->speed);
    if (payload.second_name != NULL)
        write_unusual_member(out, payload.second_name, payload.second_text);
    if (payload.name != NULL)
        write_unusual_member(out, payload.name, payload.text);
    buffer_append_format(out, "%s},%s,\"metadata\":{%s,", unknown, unknown,
                         unknown);
    write_unusual_member(out, "messageType",
                         text_of(messages_type_name(message->type)));
    write_unusual_member(out, "messageTime", time);
    buffer_append_format(out, "\"messageNumber\":%llu.0e+00,",
                         (unsigned long long)message->number);
    write_unusual_member(out, "channel", message->channel);
    buffer_append_format(out, "%s} }\t", unknown);
}

/* The written text must parse as the same message. */
static void check_written(const struct buffer *written,
                          const struct message *message)
{
    struct text copy = fuzz_copy(buffer_text(written));
    struct parsed_message again;

    FUZZ_CHECK(!buffer_failed(written));
    FUZZ_CHECK(message_parse(copy, &again) == PARSE_OK);
    FUZZ_CHECK(same_message(&again.message, message));
    FUZZ_CHECK(memcmp(&again.message.time, &message->time,
                      sizeof(message->time)) == 0);
    message_parse_release(&again);
    fuzz_free(copy);
}

static void check_accepted(const struct message *message,
                           const struct strict_message *expected)
{
    char bytes[TIMESTAMP_MAX_LENGTH];
    struct text time = {bytes, timestamp_format(&message->time, bytes)};
    struct buffer written = BUFFER_INIT;

    FUZZ_CHECK(same_message(message, &expected->message));
    FUZZ_CHECK(text_equal(time, expected->time));
    FUZZ_CHECK(message->time.seconds == expected->instant.seconds);
    FUZZ_CHECK(message->time.nanoseconds == expected->instant.nanoseconds);
    write_plain(&written, message, time);
    check_written(&written, message);
    buffer_clear(&written);
    write_unusual(&written, message, time);
    check_written(&written, message);
    buffer_release(&written);
}

/* The error text goes into JSON and logs, so it must be printable ASCII. */
static void check_detail(const struct parsed_message *parsed)
{
    size_t length = strnlen(parsed->detail, sizeof(parsed->detail));

    FUZZ_CHECK(length > 0 && length < sizeof(parsed->detail));
    for (size_t i = 0; i < length; i++)
        FUZZ_CHECK(parsed->detail[i] >= ' ' && parsed->detail[i] <= '~');
    FUZZ_CHECK(parsed->unescaped_count == 0);
}

static void check_text(struct text text)
{
    struct strict_json json;
    struct strict_message expected;
    struct parsed_message parsed;

    strict_json_read(text, &json);
    bool accepted = strict_message_read(&json, &expected);
    enum parse_status status = message_parse(text, &parsed);
    FUZZ_CHECK(status == (accepted ? PARSE_OK : PARSE_INVALID));
    if (accepted)
        check_accepted(&parsed.message, &expected);
    else
        check_detail(&parsed);
    message_parse_release(&parsed);
    message_parse_release(&parsed);
    strict_json_release(&json);
}

/* Check a message of each type, even if the corpus has none. */
static void check_types(void)
{
    struct buffer out = BUFFER_INIT;

    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++) {
        struct message message = message_of_type((enum message_type)i, "r", 1);
        char bytes[TIMESTAMP_MAX_LENGTH];
        struct text time = {bytes, timestamp_format(&message.time, bytes)};
        write_plain(&out, &message, time);
        check_written(&out, &message);
        check_text(buffer_text(&out));
        buffer_clear(&out);
    }
    buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool types_checked;

    if (!types_checked) {
        check_types();
        types_checked = true;
    }
    check_text(fuzz_text(data, size));
    return 0;
}
