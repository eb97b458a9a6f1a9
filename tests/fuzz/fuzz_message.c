/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes messages. A message must be accepted exactly if strict_message.c
 * accepts it, with the same content, and with escapes in its strings it must be
 * the same message, as it must be once it is written as JSON again. A refused
 * message must have a printable error text.
 */
#include "fuzz.h"

#include <ctype.h>

#include "base/buffer.h"
#include "domain/message_parse.h"
#include "domain/message_write.h"
#include "lib/messages.h"
#include "strict.h"

/* Append `json` with all ASCII letters and digits within strings escaped. */
static void escape_strings(struct text json, struct buffer *out)
{
    bool in_string = false;

    while (json.length > 0) {
        size_t length = 1;
        in_string = in_string != (*json.data == '"');
        if (in_string && *json.data == '\\')
            length = json.data[1] == 'u' ? 6 : 2;
        if (in_string && isalnum((unsigned char)*json.data))
            buffer_append_format(out, "\\u%04x", (unsigned)*json.data);
        else
            buffer_append(out, (struct text){json.data, length});
        json = text_skip(json, length);
    }
    FUZZ_CHECK(!buffer_failed(out));
}

/* With escapes, it must be the same message. */
static void check_escaped(struct text text, const struct message *message)
{
    struct buffer escaped = BUFFER_INIT;
    struct parsed_message again;

    escape_strings(text, &escaped);
    struct text copy = exact_copy(buffer_text(&escaped));
    FUZZ_CHECK(message_parse(copy, &again) == PARSE_OK);
    FUZZ_CHECK(messages_same(&again.message, message));
    message_parse_release(&again);
    exact_copy_free(copy);
    buffer_release(&escaped);
}

/* Written as JSON, it must be the same message, in the same bytes each time. */
static void check_written(const struct message *message)
{
    char json[MESSAGE_WRITE_MAX], again[MESSAGE_WRITE_MAX];
    struct text copy =
        exact_copy((struct text){json, message_write(message, json)});
    struct parsed_message parsed;

    FUZZ_CHECK(copy.length <= MESSAGE_WRITE_MAX);
    FUZZ_CHECK(message_parse(copy, &parsed) == PARSE_OK);
    FUZZ_CHECK(messages_same(&parsed.message, message));
    FUZZ_CHECK(text_equal(
        (struct text){again, message_write(&parsed.message, again)}, copy));
    message_parse_release(&parsed);
    exact_copy_free(copy);
}

static void check_accepted(struct text text, const struct message *message,
                           const struct strict_message *expected)
{
    char bytes[TIMESTAMP_MAX_LENGTH];
    struct text time = {bytes, timestamp_format(&message->time, bytes)};
    struct message without_time = *message;

    without_time.time = (struct timestamp){0};
    FUZZ_CHECK(messages_same(&without_time, &expected->message));
    FUZZ_CHECK(text_equal(time, expected->time));
    FUZZ_CHECK(message->time.seconds == expected->instant.seconds);
    FUZZ_CHECK(message->time.nanoseconds == expected->instant.nanoseconds);
    check_escaped(text, message);
    check_written(message);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text = fuzz_text(data, size);
    struct strict_message expected;
    struct parsed_message parsed;
    bool accepted = strict_message_read(text, &expected);
    enum parse_status status = message_parse(text, &parsed);

    FUZZ_CHECK(status == (accepted ? PARSE_OK : PARSE_INVALID));
    if (accepted)
        check_accepted(text, &parsed.message, &expected);
    else
        check_detail(&parsed);
    message_parse_release(&parsed);
    message_parse_release(&parsed);
    cJSON_Delete(expected.root);
    return 0;
}
