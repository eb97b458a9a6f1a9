/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings and the commands for a topic of Kafka.
 */
#include "lib/unit_check.h"

#include "unit/config/reading.h"

#define BROKERS "expected brokers, as in kafka1:9092,[fd00::1]:9092"
#define TOPIC                                                                  \
    "expected a name of letters, digits, '.', '_' and '-', at most 249"
#define SETTINGS                                                               \
    "expected a file, as in /etc/lunar/kafka.conf, of at most 400 bytes"
#define PEERS                                                                  \
    "expected http:// or https:// URLs, as in "                                \
    "http://10.0.0.1:8088,http://10.0.0.2:8088"
#define NO_BROKERS "needs the brokers, as in -kafka=kafka1:9092,kafka2:9092"
#define NO_TOPIC "needs the topic, as in -topic=lunar"
#define NO_PEERS                                                               \
    "needs the URLs of all instances, as in "                                  \
    "-peer=http://10.0.0.1:8088,http://10.0.0.2:8088"

static const struct reading_case cases[] = {
    /* A topic of Kafka, which needs a folder for snapshots. */
    {"-kafka=a:1 -topic=t -data=d", "", "data=d kafka=a:1 topic=t "},
    {"-kafka a:1,[::1]:65535,b-c.d_e:9092 -topic t -data d -peer "
     "http://a:8088,http://[::1],http://b/lunar/ -kafka-config=f",
     "",
     "data=d kafka=a:1,[::1]:65535,b-c.d_e:9092 topic=t settings=f "
     "peers=http://a:8088,http://[::1],http://b/lunar/ "},
    {"",
     "LUNAR_KAFKA=a:1 LUNAR_TOPIC=t LUNAR_DATA=d LUNAR_KAFKA_CONFIG=f "
     "LUNAR_PEER=http://a",
     "data=d kafka=a:1 topic=t settings=f peers=http://a "},
    {"-create-topic -kafka=a:1", "LUNAR_TOPIC=t", "create kafka=a:1 topic=t "},
    {"-trim-topic -kafka=a:1 -topic=t -peer=http://a", "",
     "trim kafka=a:1 topic=t peers=http://a "},

    /* Commands have no use for it. */
    {"-export -data=d", "LUNAR_TOPIC=t", "export data=d topic=t "},
    {"-check-health -topic=t", "", "health topic=t "},

    /* One of these does nothing without another. */
    {"-kafka=a:1", "",
     "-kafka: needs -topic=NAME, the topic that all instances share"},
    {"-topic=t", "LUNAR_KAFKA=a:1",
     "LUNAR_KAFKA: needs -data=DIR, a folder of this instance for snapshots of "
     "the topic"},
    {"-topic=t -data=d", "",
     "-topic: needs -kafka=BROKERS, which have the "
     "topic"},
    {"-data=d", "LUNAR_TOPIC=t",
     "LUNAR_TOPIC: needs -kafka=BROKERS, which have "
     "the topic"},
    {"-kafka-config=f", "",
     "-kafka-config: needs -kafka=BROKERS; without it "
     "no broker is used"},
    {"-peer=http://a", "",
     "-peer: needs -kafka=BROKERS; without it there are "
     "no other instances"},
    {"-create-topic", "", "-create-topic: " NO_BROKERS},
    {"-create-topic -kafka=a:1", "", "-create-topic: " NO_TOPIC},
    {"-trim-topic -topic=t", "", "-trim-topic: " NO_BROKERS},
    {"-trim-topic -topic=t -kafka=a:1", "", "-trim-topic: " NO_PEERS},
    {"-create-topic -trim-topic", "",
     "-trim-topic: can't be combined with -create-topic"},
    {"-create-topic=t", "", "-create-topic=t: this flag takes no value"},
    REFUSED("-kafka=", BROKERS),
    REFUSED("-kafka=a", BROKERS),
    REFUSED("-kafka=:1", BROKERS),
    REFUSED("-kafka=a:", BROKERS),
    REFUSED("-kafka=a:0", BROKERS),
    REFUSED("-kafka=a:65536", BROKERS),
    REFUSED("-kafka=a:1,", BROKERS),
    REFUSED("-kafka=,a:1", BROKERS),
    REFUSED("-kafka=a:1,,b:1", BROKERS),
    REFUSED("-kafka=a:1;b:1", BROKERS),
    REFUSED("-kafka=::1:9092", BROKERS),
    REFUSED("-kafka=[::1]", BROKERS),
    REFUSED("-kafka=[::g]:1", BROKERS),
    REFUSED("-kafka=[]:1", BROKERS),
    REFUSED("-kafka=http://a:1", BROKERS),
    REFUSED("-topic=", TOPIC),
    REFUSED("-topic=.", TOPIC),
    REFUSED("-topic=..", TOPIC),
    REFUSED("-topic=a/b", TOPIC),
    REFUSED("-topic=a,b", TOPIC),
    REFUSED("-kafka-config=", SETTINGS),
    REFUSED("-peer=", PEERS),
    REFUSED("-peer=a:8088", PEERS),
    REFUSED("-peer=http://a,", PEERS),
    REFUSED("-peer=http://a?b", PEERS),
    REFUSED("-peer=http://a#b", PEERS),
    REFUSED("-peer=http://a:0", PEERS),
};

static void topic_is_read_or_refused(void **state)
{
    (void)state;
    reading_check(cases, COUNT(cases));
}

/* Kafka's own limit. */
static void topic_has_at_most_249_bytes(void **state)
{
    struct reading reading;
    char arguments[300] = "-create-topic -kafka=a:1 -topic=";
    size_t length = strlen(arguments);

    (void)state;
    memset(arguments + length, 't', 249);
    assert_int_equal(reading_read(&reading, arguments, ""),
                     CONFIG_CREATE_TOPIC);
    arguments[length + 249] = 't';
    assert_int_equal(reading_read(&reading, arguments, ""), CONFIG_INVALID);
    assert_non_null(strstr(reading.report.error, TOPIC));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topic_is_read_or_refused),
        cmocka_unit_test(topic_has_at_most_249_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
