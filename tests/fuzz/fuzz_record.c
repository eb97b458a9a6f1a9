/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes records. Whatever is accepted must be written back to the same bytes,
 * and be a message that is accepted as JSON, with the same content. What is
 * refused must stay.
 */
#include "fuzz.h"

#include "base/buffer.h"
#include "domain/message_parse.h"
#include "format/json_write.h"
#include "lib/messages.h"
#include "store/record.h"

static void append_string(struct buffer *json, const char *name,
                          struct text value)
{
    if (value.data == NULL)
        return;
    buffer_append_format(json, "\"%s\":", name);
    json_append(json, value);
    buffer_append(json, TEXT(","));
}

/* Members of all types, as others than a type has are ignored. */
static void append_message(struct buffer *json, const struct message *message)
{
    char time[TIMESTAMP_MAX_LENGTH];
    struct text name = message->mission;

    buffer_append(json, TEXT("{\"metadata\":{"));
    append_string(json, "channel", message->channel);
    append_string(json, "messageTime",
                  (struct text){time, timestamp_format(&message->time, time)});
    append_string(json, "messageType",
                  text_of(messages_type_name(message->type)));
    buffer_append_format(json, "\"messageNumber\":%llu},\"message\":{",
                         (unsigned long long)message->number);
    append_string(json, "type", message->rocket_type);
    append_string(json, "mission", name);
    append_string(json, "newMission", name);
    append_string(json, "reason", message->reason);
    buffer_append_format(json, "\"by\":%lld,\"launchSpeed\":%lld}}",
                         (long long)message->speed, (long long)message->speed);
    FUZZ_CHECK(!buffer_failed(json));
}

static void check_accepted(struct text bytes, const struct record *record)
{
    struct buffer json = BUFFER_INIT;
    struct parsed_message parsed;
    char again[RECORD_MAX];

    FUZZ_CHECK(bytes.length <= RECORD_MAX);
    FUZZ_CHECK(text_equal(
        (struct text){again, record_write(&record->message, again)}, bytes));
    append_message(&json, &record->message);
    FUZZ_CHECK(message_parse(buffer_text(&json), &parsed) == PARSE_OK);
    FUZZ_CHECK(messages_same(&parsed.message, &record->message));
    message_parse_release(&parsed);
    buffer_release(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = fuzz_text(data, size);
    struct text before = rest;
    struct record record;

    while (record_read(&rest, &record) == RECORD_OK) {
        FUZZ_CHECK(rest.length < before.length);
        check_accepted((struct text){before.data, before.length - rest.length},
                       &record);
        before = rest;
    }
    FUZZ_CHECK(rest.data == before.data && rest.length == before.length);
    return 0;
}
