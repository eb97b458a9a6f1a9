/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of -kafka-config. It may hold passwords, which no text may show.
 */
#include "lib/captured_log.h"
#include "lib/secret_file.h"

#include <sys/stat.h>

#include "replica/settings.h"

struct fixture {
    struct secret_file secret;
    char error[JOURNAL_ERROR];
};

static int set_up(void **context)
{
    return secret_file_set_up(context, sizeof(struct fixture));
}

static int tear_down(void **context)
{
    return secret_file_tear_down(context);
}

static struct settings *read_bytes(struct fixture *fixture, const char *bytes,
                                   size_t length)
{
    secret_file_write(&fixture->secret, bytes, length, 0600);
    fixture->error[0] = '\0';
    return settings_read(fixture->secret.path, fixture->error);
}

static struct settings *read_text(struct fixture *fixture, const char *text)
{
    return read_bytes(fixture, text, strlen(text));
}

static void expect_refusal(struct fixture *fixture, const char *text,
                           const char *reason)
{
    if (read_text(fixture, text) != NULL)
        fail_msg("was taken: %s", text);
    if (strstr(fixture->error, reason) == NULL)
        fail_msg("\"%s\": %s", text, fixture->error);
    if (strstr(fixture->error, "secret") != NULL)
        fail_msg("shows a value: %s", fixture->error);
}

static void expect_setting(rd_kafka_conf_t *conf, const char *name,
                           const char *value)
{
    char found[256];
    size_t size = sizeof(found);

    assert_int_equal(rd_kafka_conf_get(conf, name, found, &size),
                     RD_KAFKA_CONF_OK);
    assert_string_equal(found, value);
}

static void no_file_is_no_settings(void **context)
{
    struct fixture *fixture = *context;
    struct settings *settings = settings_read(NULL, fixture->error);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    assert_non_null(settings);
    assert_true(settings_apply(settings, conf, fixture->error));
    settings_free(settings);
    settings_free(NULL);
    rd_kafka_conf_destroy(conf);
}

static void lines_are_settings(void **context)
{
    struct fixture *fixture = *context;
    struct settings *settings = read_text(fixture, "# a comment = with a sign\n"
                                                   "\n"
                                                   "client.id=one two\n"
                                                   "  sasl.username =  me \r\n"
                                                   "sasl.password=a=b#c\n"
                                                   "\t# another\n"
                                                   "broker.address.family=v4");
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    if (settings == NULL)
        fail_msg("%s", fixture->error);
    if (!settings_apply(settings, conf, fixture->error))
        fail_msg("%s", fixture->error);
    expect_setting(conf, "client.id", "one two");
    expect_setting(conf, "sasl.username", "me");
    expect_setting(conf, "sasl.password", "a=b#c");
    expect_setting(conf, "broker.address.family", "v4");
    settings_free(settings);
    rd_kafka_conf_destroy(conf);
}

static void lines_of_another_form_are_refused(void **context)
{
    expect_refusal(*context, "client.id=x\nsecret\n", "line 2 of");
    expect_refusal(*context, "=secret\n", "line 1 of");
    expect_refusal(*context, "\n\n  = secret\n", "line 3 of");
    expect_refusal(*context, "[secret]\n", "line 1 of");
}

/* Ours, under each of its names. */
static void settings_of_the_service_are_refused_by_name(void **context)
{
    static const char *const names[] = {
        "bootstrap.servers",
        "metadata.broker.list",
        "acks",
        "request.required.acks",
        "enable.idempotence",
        "max.in.flight",
        "group.id",
        "max.in.flight.requests.per.connection",
        "linger.ms",
        "queue.buffering.max.ms",
        "isolation.level",
        "message.timeout.ms",
        "check.crcs",
        "delivery.report.only.error",
        "enabled_events",
        "queuing.strategy",
        "topic.blacklist",
        "delivery.timeout.ms",
        "transactional.id",
        "auto.offset.reset",
        "log.queue",
        "socket.timeout.ms",
    };

    for (size_t i = 0; i < COUNT(names); i++) {
        char text[128];
        snprintf(text, sizeof(text), "client.id=x\n %s = secret\n", names[i]);
        expect_refusal(*context, text, names[i]);
        expect_refusal(*context, text, "line 2 of");
    }
}

static void file_that_others_may_read_is_refused(void **context)
{
    struct fixture *fixture = *context;
    const mode_t modes[] = {0604, 0620, 0602, 0610, 0601, 0666};

    settings_free(read_text(fixture, "client.id=secret\n"));
    for (size_t i = 0; i < COUNT(modes); i++) {
        assert_int_equal(chmod(fixture->secret.path, modes[i]), 0);
        assert_null(settings_read(fixture->secret.path, fixture->error));
        assert_non_null(strstr(fixture->error, "chmod 640"));
    }
    /* 0440 is what a Secret of Kubernetes gets by fsGroup. */
    const mode_t private[] = {0400, 0440, 0640};

    for (size_t i = 0; i < COUNT(private); i++) {
        assert_int_equal(chmod(fixture->secret.path, private[i]), 0);
        struct settings *settings =
            settings_read(fixture->secret.path, fixture->error);
        assert_non_null(settings);
        settings_free(settings);
    }
}

static void file_of_somebody_else_is_refused(void **context)
{
    struct fixture *fixture = *context;

    if (geteuid() != 0)
        skip();
    settings_free(read_text(fixture, "client.id=x\n"));
    assert_int_equal(chown(fixture->secret.path, 12345, 0), 0);
    assert_null(settings_read(fixture->secret.path, fixture->error));
    assert_non_null(strstr(fixture->error, "chown"));
}

static void what_is_no_file_is_refused(void **context)
{
    struct fixture *fixture = *context;
    static char large[70 * 1024];

    assert_null(settings_read(fixture->secret.folder, fixture->error));
    assert_non_null(strstr(fixture->error, "is not a regular file"));
    assert_null(settings_read("/nowhere/at/all", fixture->error));
    assert_non_null(strstr(fixture->error, "cannot read"));
    memset(large, '#', sizeof(large) - 1);
    expect_refusal(fixture, large, "is not a file of at most");
}

/* Settings behind it must not be left out: TLS may be one of them. */
static void nul_byte_is_refused(void **context)
{
    struct fixture *fixture = *context;
    static const char text[] = "client.id=x\n\0security.protocol=ssl\n";

    assert_null(read_bytes(fixture, text, sizeof(text) - 1));
    assert_non_null(strstr(fixture->error, "NUL byte"));
}

static void what_librdkafka_refuses_is_named(void **context)
{
    struct fixture *fixture = *context;
    const char *const texts[] = {"no.such.setting=secret\n",
                                 "security.protocol=secret\n"};
    const char *const names[] = {"no.such.setting", "security.protocol"};

    for (size_t i = 0; i < COUNT(texts); i++) {
        struct settings *settings = read_text(fixture, texts[i]);
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        assert_non_null(settings);
        assert_false(settings_apply(settings, conf, fixture->error));
        assert_non_null(strstr(fixture->error, names[i]));
        assert_null(strstr(fixture->error, "secret"));
        settings_free(settings);
        rd_kafka_conf_destroy(conf);
    }
}

static void scram_is_warned_of_where_it_does_not_work(void **context)
{
    static struct captured_log log;
    static const char *const mechanisms[] = {"SCRAM-SHA-256", "PLAIN"};

    for (size_t i = 0; i < COUNT(mechanisms); i++) {
        char text[128];
        snprintf(text, sizeof(text),
                 "security.protocol=SASL_SSL\nsasl.mechanisms=%s\n"
                 "sasl.password=secret\n",
                 mechanisms[i]);
        captured_log_start(&log);
        struct settings *settings = read_text(*context, text);
        captured_log_stop(&log);
        assert_non_null(settings);
        settings_free(settings);
        bool warns = i == 0 && rd_kafka_version() < 0x020601ff;
        assert_int_equal(strstr(log.text, "SCRAM") != NULL, warns);
        assert_null(strstr(log.text, "secret"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(no_file_is_no_settings),
        FIXTURE_TEST(lines_are_settings),
        FIXTURE_TEST(lines_of_another_form_are_refused),
        FIXTURE_TEST(settings_of_the_service_are_refused_by_name),
        FIXTURE_TEST(file_that_others_may_read_is_refused),
        FIXTURE_TEST(file_of_somebody_else_is_refused),
        FIXTURE_TEST(what_is_no_file_is_refused),
        FIXTURE_TEST(nul_byte_is_refused),
        FIXTURE_TEST(what_librdkafka_refuses_is_named),
        FIXTURE_TEST(scram_is_warned_of_where_it_does_not_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
