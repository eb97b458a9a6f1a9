/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the canonical JSON of a message: it has one form only, and is read
 * back exactly. More values are in the fuzz target of messages.
 */
#include "lib/unit_check.h"

#include "domain/message_parse.h"
#include "domain/message_write.h"
#include "lib/exact_copy.h"
#include "lib/messages.h"

static void check_read_back(const struct message *message)
{
    char json[MESSAGE_WRITE_MAX], again[MESSAGE_WRITE_MAX];
    struct text written = {json, message_write(message, json)};
    struct text copy = exact_copy(written);
    struct parsed_message parsed;

    assert_true(written.length <= MESSAGE_WRITE_MAX);
    assert_int_equal(message_parse(copy, &parsed), PARSE_OK);
    assert_true(messages_same(&parsed.message, message));
    unit_check_text((struct text){again, message_write(&parsed.message, again)},
                    written);
    message_parse_release(&parsed);
    exact_copy_free(copy);
}

static void all_types_are_read_back_exactly(void **context)
{
    (void)context;
    for (unsigned type = 0; type < MESSAGE_TYPE_COUNT; type++) {
        struct message message =
            message_of_type((enum message_type)type, "rocket", 1);
        check_read_back(&message);
        message.number = MESSAGE_MAX_NUMBER;
        check_read_back(&message);
    }
}

static void times_keep_their_spelling_and_offset(void **context)
{
    (void)context;
    const char *const times[] = {
        "2022-02-02T19:39:05.86337+01:00",
        "2022-02-02t19:39:05z",
        "2022-02-02T19:39:05Z",
        "2022-02-02T19:39:05-00:00",
        "2022-02-02T19:39:05+00:00",
        "2022-02-02T19:39:05.000000000-23:59",
        "0000-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59.999999999-23:59",
        "2016-12-31T23:59:60.5Z",
        "2017-01-01T00:59:60+01:00",
    };
    for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
        struct message message = message_speed("rocket", 7, 3000);
        const char *problem;
        char json[MESSAGE_WRITE_MAX + 1];
        assert_true(
            timestamp_parse(text_of(times[i]), &message.time, &problem));
        check_read_back(&message);
        json[message_write(&message, json)] = '\0';
        assert_non_null(strstr(json, times[i]));
    }
}

static void longest_message_of_quotes_fits(void **context)
{
    (void)context;
    char quotes[MESSAGE_MAX_NAME + 1] = "",
                                   backslashes[MESSAGE_MAX_CHANNEL + 1];

    memset(quotes, '"', MESSAGE_MAX_NAME);
    quotes[MESSAGE_MAX_NAME] = '\0';
    memset(backslashes, '\\', MESSAGE_MAX_CHANNEL);
    backslashes[MESSAGE_MAX_CHANNEL] = '\0';
    struct message message =
        message_launched(backslashes, 1, quotes, quotes, MESSAGE_MAX_SPEED);
    message.number = MESSAGE_MAX_NUMBER;
    check_read_back(&message);
}

static void texts_beyond_ascii_are_read_back_exactly(void **context)
{
    (void)context;
    struct message message = message_launched(
        "r\xC3\xB6/\xF0\x9F\x9A\x80", 1, "\xE2\x80\xA8\"\\/", "a\xC2\x80", 0);
    check_read_back(&message);
}

/* Others read it too, so its form may not change by accident. */
static void form_is_that_of_a_post(void **context)
{
    (void)context;
    struct message message = message_launched(
        "193270a9-c9cf-404a-8f83-838e71d9ae67", 1, "Falcon-9", "ARTEMIS", 500);
    const char *problem;
    char json[MESSAGE_WRITE_MAX];

    assert_true(timestamp_parse(TEXT("2022-02-02T19:39:05.86337+01:00"),
                                &message.time, &problem));
    size_t length = message_write(&message, json);
    unit_check_text(
        (struct text){json, length},
        TEXT("{\"metadata\":{\"channel\":"
             "\"193270a9-c9cf-404a-8f83-838e71d9ae67\",\"messageNumber\":1,"
             "\"messageTime\":\"2022-02-02T19:39:05.86337+01:00\","
             "\"messageType\":\"RocketLaunched\"},\"message\":{\"type\":"
             "\"Falcon-9\",\"launchSpeed\":500,\"mission\":\"ARTEMIS\"}}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_types_are_read_back_exactly),
        cmocka_unit_test(times_keep_their_spelling_and_offset),
        cmocka_unit_test(longest_message_of_quotes_fits),
        cmocka_unit_test(texts_beyond_ascii_are_read_back_exactly),
        cmocka_unit_test(form_is_that_of_a_post),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
