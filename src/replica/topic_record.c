/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in control records are compared as they are written: with an escape, a
 * name is another one. So all versions agree on them.
 */
#include "topic_record.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "format/json_integer.h"
#include "format/json_object.h"
#include "format/json_scan.h"

struct topic_bytes topic_bytes_of(const rd_kafka_message_t *message)
{
    return (struct topic_bytes){
        .key = {message->key, message->key == NULL ? 0 : message->key_len},
        .value = {message->payload,
                  message->payload == NULL ? 0 : message->len},
        .timestamp = rd_kafka_message_timestamp(message, NULL),
    };
}

static void skip_record(struct topic_record *record, enum journal_skip reason)
{
    record->kind = TOPIC_SKIPPED;
    record->reason = reason;
}

static bool member_is(const struct json_member *member, struct text name)
{
    return text_equal(member->name, name);
}

/* "0123456789abcdef", with its quotes. */
static bool read_history(struct text value, uint64_t *id)
{
    uint64_t read = 0;

    if (value.length != TOPIC_HISTORY_DIGITS + 2 || value.data[0] != '"')
        return false;
    for (size_t i = 1; i <= TOPIC_HISTORY_DIGITS; i++) {
        int digit = text_hex_value((unsigned char)value.data[i]);
        if (digit < 0)
            return false;
        read = read << 4 | (uint64_t)digit;
    }
    *id = read;
    return read != 0;
}

static bool read_rules(struct text value, uint64_t *rules)
{
    return json_integer_read(value, UINT32_MAX, rules) && *rules > 0;
}

/*
 * Read what is in `lunar`. Members that this version does not know are of a
 * later one; unless that raises the rules, they change no state.
 */
static bool read_control(struct text control, struct topic_record *record)
{
    struct json_object object;
    struct json_member member;
    bool has_history = false, has_rules = false;

    if (!json_object_open(&object, control))
        return false;
    while (json_object_next(&object, &member)) {
        if (member_is(&member, TEXT("\"history\""))) {
            if (has_history || !read_history(member.value, &record->history))
                return false;
            has_history = true;
        } else if (member_is(&member, TEXT("\"rules\""))) {
            if (has_rules || !read_rules(member.value, &record->rules))
                return false;
            has_rules = true;
        }
    }
    if (has_history && !has_rules)
        return false;
    record->kind = has_history ? TOPIC_HISTORY
                   : has_rules ? TOPIC_RULES
                               : TOPIC_OTHER;
    return true;
}

/* Whether a record without a key is a control record: then it is read. */
static bool read_without_key(struct text value, struct topic_record *record)
{
    struct json_object object;
    struct json_member member, other;
    struct json_error error;

    return value.data != NULL && json_scan(value, &error) &&
           json_object_open(&object, value) &&
           json_object_next(&object, &member) &&
           member_is(&member, TEXT("\"lunar\"")) &&
           !json_object_next(&object, &other) &&
           read_control(member.value, record);
}

static void read_message(const struct topic_bytes *bytes,
                         struct topic_record *record)
{
    switch (message_parse(bytes->value, &record->parsed)) {
    case PARSE_OK:
        break;
    case PARSE_INVALID:
        skip_record(record, JOURNAL_SKIP_INVALID);
        return;
    case PARSE_NO_MEMORY:
        record->kind = TOPIC_NO_MEMORY;
        return;
    }
    if (text_equal(record->parsed.message.channel, bytes->key)) {
        record->kind = TOPIC_MESSAGE;
        return;
    }
    message_parse_release(&record->parsed);
    skip_record(record, JOURNAL_SKIP_KEY);
}

void topic_record_read(const struct topic_bytes *bytes,
                       struct topic_record *record)
{
    if (bytes->key.data == NULL) {
        if (!read_without_key(bytes->value, record))
            skip_record(record, JOURNAL_SKIP_INVALID);
    } else if (bytes->value.data == NULL) {
        skip_record(record, JOURNAL_SKIP_TOMBSTONE);
    } else {
        read_message(bytes, record);
    }
}

void topic_record_release(struct topic_record *record)
{
    if (record->kind == TOPIC_MESSAGE)
        message_parse_release(&record->parsed);
}

/* Fixed, as all instances and all later versions must get the same sum. */
static uint64_t sum_bytes(const void *bytes, size_t length)
{
    static const unsigned char key[crypto_shorthash_KEYBYTES] =
        "lunar topic sum";
    uint64_t sum;

    static_assert(crypto_shorthash_BYTES == sizeof(sum), "SipHash-2-4");
    crypto_shorthash((unsigned char *)&sum, bytes, length, key);
    return sum;
}

uint64_t topic_record_check(const struct topic_bytes *bytes)
{
    const uint64_t parts[] = {
        bytes->key.data == NULL,
        sum_bytes(bytes->key.data, bytes->key.length),
        bytes->value.data == NULL,
        sum_bytes(bytes->value.data, bytes->value.length),
        (uint64_t)bytes->timestamp,
    };

    return sum_bytes(parts, sizeof(parts));
}

/* All that is written has room, so it cannot be cut. */
static size_t written(int length)
{
    assert(length > 0 && length < TOPIC_CONTROL_MAX);
    return (size_t)length;
}

size_t topic_record_write_history(uint64_t id, uint64_t rules,
                                  char out[TOPIC_CONTROL_MAX])
{
    return written(snprintf(out, TOPIC_CONTROL_MAX,
                            "{\"lunar\":{\"history\":\"%016" PRIx64
                            "\",\"rules\":%" PRIu64 "}}",
                            id, rules));
}

size_t topic_record_write_probe(struct text name, char out[TOPIC_CONTROL_MAX])
{
    assert(name.length <= TOPIC_PROBE_MAX);
    return written(snprintf(out, TOPIC_CONTROL_MAX,
                            "{\"lunar\":{\"probe\":\"%.*s\"}}",
                            (int)name.length, name.data));
}

size_t topic_record_write_rules(uint64_t rules, char out[TOPIC_CONTROL_MAX])
{
    return written(snprintf(out, TOPIC_CONTROL_MAX,
                            "{\"lunar\":{\"rules\":%" PRIu64 "}}", rules));
}
