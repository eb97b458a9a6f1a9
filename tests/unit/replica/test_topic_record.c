/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of what a record of the topic means.
 */
#include "lib/unit_check.h"

#include "domain/message_write.h"
#include "lib/messages.h"
#include "replica/topic_record.h"

static struct topic_record read_texts(struct text key, struct text value)
{
    const struct topic_bytes bytes = {key, value, -1};
    struct topic_record record;

    topic_record_read(&bytes, &record);
    return record;
}

static struct topic_record read_strings(const char *key, const char *value)
{
    return read_texts(text_of(key), text_of(value));
}

static void check_skipped(const char *key, const char *value,
                          enum journal_skip reason)
{
    struct topic_record record = read_strings(key, value);

    if (record.kind != TOPIC_SKIPPED || record.reason != reason)
        fail_msg("%s: %s", key == NULL ? "NULL" : key,
                 value == NULL ? "NULL" : value);
    topic_record_release(&record);
}

static void written_message_is_read_back(void **context)
{
    (void)context;
    for (unsigned type = 0; type < MESSAGE_TYPE_COUNT; type++) {
        struct message message =
            message_of_type((enum message_type)type, "a \"quoted\" rocket", 3);
        char json[MESSAGE_WRITE_MAX];
        struct text value = {json, message_write(&message, json)};
        struct topic_record record = read_texts(message.channel, value);
        assert_int_equal(record.kind, TOPIC_MESSAGE);
        assert_true(messages_same(&record.parsed.message, &message));
        topic_record_release(&record);
    }
}

static void what_is_no_message_is_skipped_with_its_reason(void **context)
{
    (void)context;
    static const char message[] =
        "{\"metadata\":{\"channel\":\"r\",\"messageNumber\":1,\"messageTime\":"
        "\"2022-02-02T19:39:05Z\",\"messageType\":\"RocketSpeedIncreased\"},"
        "\"message\":{\"by\":1}}";
    check_skipped("r", "", JOURNAL_SKIP_INVALID);
    check_skipped("r", "garbage", JOURNAL_SKIP_INVALID);
    check_skipped("r", "{}", JOURNAL_SKIP_INVALID);
    check_skipped("r", NULL, JOURNAL_SKIP_TOMBSTONE);
    check_skipped("", NULL, JOURNAL_SKIP_TOMBSTONE);
    check_skipped("s", message, JOURNAL_SKIP_KEY);
    check_skipped("", message, JOURNAL_SKIP_KEY);
    check_skipped("r ", message, JOURNAL_SKIP_KEY);
    check_skipped(NULL, message, JOURNAL_SKIP_INVALID);
    check_skipped(NULL, NULL, JOURNAL_SKIP_INVALID);
    check_skipped(NULL, "", JOURNAL_SKIP_INVALID);
}

static void control_record_needs_a_null_key(void **context)
{
    (void)context;
    check_skipped("", "{\"lunar\":{\"rules\":2}}", JOURNAL_SKIP_INVALID);
    check_skipped("r", "{\"lunar\":{\"rules\":2}}", JOURNAL_SKIP_INVALID);
}

static void written_control_records_are_read_back(void **context)
{
    (void)context;
    char value[TOPIC_CONTROL_MAX];
    struct text absent = {NULL, 0};
    size_t length =
        topic_record_write_history(UINT64_C(0x0123456789abcdef), 1, value);

    unit_check_text(
        (struct text){value, length},
        TEXT("{\"lunar\":{\"history\":\"0123456789abcdef\",\"rules\":1}}"));
    struct topic_record record =
        read_texts(absent, (struct text){value, length});
    assert_int_equal(record.kind, TOPIC_HISTORY);
    assert_int_equal(record.history, UINT64_C(0x0123456789abcdef));
    assert_int_equal(record.rules, 1);

    length = topic_record_write_probe(TEXT("89abcdef"), value);
    record = read_texts(absent, (struct text){value, length});
    assert_int_equal(record.kind, TOPIC_OTHER);

    length = topic_record_write_rules(2, value);
    record = read_texts(absent, (struct text){value, length});
    assert_int_equal(record.kind, TOPIC_RULES);
    assert_int_equal(record.rules, 2);
}

static void later_versions_may_add_members(void **context)
{
    (void)context;
    assert_int_equal(read_strings(NULL, "{\"lunar\":{}}").kind, TOPIC_OTHER);
    assert_int_equal(read_strings(NULL, "{\"lunar\":{\"new\":[1]}}").kind,
                     TOPIC_OTHER);
    struct topic_record record = read_strings(
        NULL, " {\"lunar\" : {\"new\":[1], \"rules\" : 3, \"z\":null}} ");
    assert_int_equal(record.kind, TOPIC_RULES);
    assert_int_equal(record.rules, 3);
}

static void malformed_control_records_are_skipped(void **context)
{
    (void)context;
    const char *const values[] = {
        "{\"lunar\":1}",
        "{\"lunar\":{\"rules\":0}}",
        "{\"lunar\":{\"rules\":-1}}",
        "{\"lunar\":{\"rules\":\"2\"}}",
        "{\"lunar\":{\"rules\":4294967296}}",
        "{\"lunar\":{\"rules\":2,\"rules\":1}}",
        "{\"lunar\":{\"history\":\"0123456789abcdef\"}}",
        "{\"lunar\":{\"history\":\"0000000000000000\",\"rules\":1}}",
        "{\"lunar\":{\"history\":\"0123456789abcde\",\"rules\":1}}",
        "{\"lunar\":{\"history\":\"0123456789abcdeg\",\"rules\":1}}",
        "{\"lunar\":{\"rules\":2},\"other\":1}",
        "{\"other\":1,\"lunar\":{\"rules\":2}}",
        "{\"l\\u0075nar\":{\"rules\":2}}",
        "[{\"lunar\":{\"rules\":2}}]",
        "{\"lunar\":{\"rules\":2}} x",
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
        check_skipped(NULL, values[i], JOURNAL_SKIP_INVALID);
}

/* A snapshot of another topic must not seem to belong to this one. */
static void sum_depends_on_each_part(void **context)
{
    (void)context;
    const struct topic_bytes records[] = {
        {{NULL, 0}, {NULL, 0}, 1}, {{NULL, 0}, TEXT(""), 1},
        {TEXT(""), {NULL, 0}, 1},  {TEXT(""), TEXT(""), 1},
        {TEXT(""), TEXT(""), 2},   {TEXT("a"), TEXT("b"), 1},
        {TEXT("ab"), TEXT(""), 1}, {TEXT(""), TEXT("ab"), 1},
        {TEXT("b"), TEXT("a"), 1},
    };
    const size_t count = sizeof(records) / sizeof(*records);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++)
            assert_int_equal(topic_record_check(&records[i]) ==
                                 topic_record_check(&records[j]),
                             i == j);
    }
}

/* It is in snapshots, so all versions must get the same. */
static void sum_does_not_change(void **context)
{
    (void)context;
    const struct topic_bytes record = {TEXT("rocket"), TEXT("{}"),
                                       1643830745000};
    assert_int_equal(topic_record_check(&record), UINT64_C(0xa6835357a56270fb));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_message_is_read_back),
        cmocka_unit_test(what_is_no_message_is_skipped_with_its_reason),
        cmocka_unit_test(control_record_needs_a_null_key),
        cmocka_unit_test(written_control_records_are_read_back),
        cmocka_unit_test(later_versions_may_add_members),
        cmocka_unit_test(malformed_control_records_are_skipped),
        cmocka_unit_test(sum_depends_on_each_part),
        cmocka_unit_test(sum_does_not_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
