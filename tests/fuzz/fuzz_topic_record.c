/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes records of a topic. The first byte of the input says whether there is
 * a key, and whether there is a value; then comes the key, up to a NUL, and the
 * value. A message must be one that message_parse() accepts, with the channel
 * as its key; and what was taken for a control record must be one, as
 * strict_json.c reads it.
 */
#include "fuzz.h"

#include "domain/message_parse.h"
#include "lib/messages.h"
#include "replica/topic_record.h"
#include "strict.h"

enum { HAS_KEY = 1, HAS_VALUE = 2 };

static void check_message(const struct topic_bytes *bytes,
                          const struct topic_record *record)
{
    struct parsed_message parsed;

    FUZZ_CHECK(bytes->key.data != NULL && bytes->value.data != NULL);
    FUZZ_CHECK(message_parse(bytes->value, &parsed) == PARSE_OK);
    FUZZ_CHECK(messages_same(&parsed.message, &record->parsed.message));
    FUZZ_CHECK(text_equal(parsed.message.channel, bytes->key));
    message_parse_release(&parsed);
}

/* What we write of a control record must be read as the same one. */
static void check_control(const struct topic_record *record)
{
    char value[TOPIC_CONTROL_MAX];
    struct topic_bytes bytes = {.value = {value, 0}};
    struct topic_record again;

    if (record->kind == TOPIC_HISTORY) {
        FUZZ_CHECK(record->history != 0);
        bytes.value.length =
            topic_record_write_history(record->history, record->rules, value);
    } else {
        bytes.value.length = topic_record_write_rules(record->rules, value);
    }
    FUZZ_CHECK(record->rules >= 1 && record->rules <= UINT32_MAX);
    topic_record_read(&bytes, &again);
    FUZZ_CHECK(again.kind == record->kind && again.rules == record->rules);
    FUZZ_CHECK(record->kind == TOPIC_RULES || again.history == record->history);
}

static void check_skipped(const struct topic_bytes *bytes,
                          enum journal_skip reason)
{
    struct parsed_message parsed;

    FUZZ_CHECK((reason == JOURNAL_SKIP_TOMBSTONE) ==
               (bytes->key.data != NULL && bytes->value.data == NULL));
    if (bytes->key.data == NULL || bytes->value.data == NULL)
        return;
    bool valid = message_parse(bytes->value, &parsed) == PARSE_OK;
    FUZZ_CHECK(valid == (reason == JOURNAL_SKIP_KEY));
    FUZZ_CHECK(!valid || !text_equal(parsed.message.channel, bytes->key));
    message_parse_release(&parsed);
}

static void check_record(const struct topic_bytes *bytes)
{
    struct topic_record record;

    topic_record_read(bytes, &record);
    FUZZ_CHECK(topic_record_check(bytes) == topic_record_check(bytes));
    switch (record.kind) {
    case TOPIC_MESSAGE:
        check_message(bytes, &record);
        break;
    case TOPIC_HISTORY:
    case TOPIC_RULES:
        check_control(&record);
        /* fall through */
    case TOPIC_OTHER:
        FUZZ_CHECK(bytes->key.data == NULL && bytes->value.data != NULL);
        break;
    case TOPIC_SKIPPED:
        check_skipped(bytes, record.reason);
        break;
    case TOPIC_NO_MEMORY:
        FUZZ_CHECK(false);
    }
    topic_record_release(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = fuzz_text(data, size);
    struct topic_bytes bytes = {.timestamp = -1};

    if (rest.length == 0)
        return 0;
    unsigned has = (unsigned char)rest.data[0];
    rest = text_skip(rest, 1);
    struct text key = text_split(&rest, '\0');
    struct text value = rest.data == NULL ? TEXT("") : rest;
    /* Their ends are those of memory, as in a record. */
    struct text key_copy = exact_copy(key), value_copy = exact_copy(value);
    if ((has & HAS_KEY) != 0)
        bytes.key = key_copy;
    if ((has & HAS_VALUE) != 0)
        bytes.value = value_copy;
    check_record(&bytes);
    exact_copy_free(key_copy);
    exact_copy_free(value_copy);
    return 0;
}
