/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is set without flags, and which errors have which format.
 */
#include "lib/unit_check.h"

#include "unit/config/reading.h"

/* The environment may be missing. */
static void defaults_are_as_documented(void **state)
{
    struct config config;
    struct config_report report;
    char *nothing[] = {NULL};

    (void)state;
    assert_int_equal(
        config_read(&config,
                    &(struct config_input){0, nothing, NULL, &reading_machine},
                    &report),
        CONFIG_RUN);
    assert_string_equal(config.host, "127.0.0.1");
    assert_int_equal(config.port, 8088);
    assert_null(config.allow_host);
    assert_null(config.allow_origin);
    assert_int_equal(config.max_connections, 10000);
    assert_int_equal(config.idle_timeout, 10);
    assert_int_equal(config.drain, 0);
    assert_null(config.data);
    assert_int_equal(config.snapshot_bytes, 64 << 20);
    assert_null(config.kafka);
    assert_null(config.topic);
    assert_null(config.kafka_config);
    assert_null(config.peers);
    assert_null(config.peer_token);
    assert_null(config.ca_file);
    assert_null(config.tokens);
    assert_int_equal(config.anonymous, 0);
    assert_int_equal(config.session_seconds, 43200);
    assert_false(config.insecure);
    assert_null(config.tls_cert);
    assert_null(config.tls_key);
    assert_null(config.proxies);
    assert_string_equal(config.unix_socket.path, "");
    assert_null(config.check_url);
    assert_null(config.file);
    assert_int_equal(config.log_level, LOG_INFO);
    assert_int_equal(config.log_format, LOG_TEXT);
    assert_false(config.per_connection);
    assert_int_equal(config.threads, 7);
    assert_int_equal(config.max_memory, 7 << 20);
    assert_true(config.threads_by_machine);
    assert_true(config.memory_by_machine);
    assert_int_equal(report.warning_count, 0);
}

static void defaults_fit_the_machine(void **state)
{
    static const struct {
        struct machine machine;
        unsigned threads;
        size_t memory;
    } rows[] = {
        {{.memory = 3 << 20, .processors = 1}, 1, 3 << 19},
        {{.memory = UINT64_MAX, .processors = 256}, 256, SIZE_MAX / 2},
        {{.memory = 1 << 20, .processors = 257}, 256, 1 << 20},
        {{.memory = 0, .processors = 5000}, 256, 1 << 20},
    };
    char *nothing[] = {NULL};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config config;
        struct config_report report;

        config_read(&config,
                    &(struct config_input){0, nothing, NULL, &rows[i].machine},
                    &report);
        assert_int_equal(config.threads, rows[i].threads);
        assert_int_equal(config.max_memory, rows[i].memory);
    }
}

static void what_is_given_is_not_the_choice_of_the_machine(void **state)
{
    struct reading reading;

    (void)state;
    reading_read(&reading, "-threads=7", "LUNAR_MAX_MEMORY=7M");
    assert_false(reading.config.threads_by_machine);
    assert_false(reading.config.memory_by_machine);
    reading_read(&reading, "-max-memory=7M", "LUNAR_THREADS=7");
    assert_false(reading.config.threads_by_machine);
    assert_false(reading.config.memory_by_machine);
    reading_read(&reading, "-max-memory=7M", "");
    assert_true(reading.config.threads_by_machine);
    reading_read(&reading, "-threads=7", "");
    assert_true(reading.config.memory_by_machine);
}

/* Also if it comes after the error, as far as it is valid itself. */
static void error_has_the_format_of_the_log(void **state)
{
    static const struct {
        const char *arguments, *variables;
        bool json;
    } rows[] = {
        {"-port=x", "", false},
        {"-log-format=json -port=x", "", true},
        {"-port=x -log-format=json", "", true},
        {"-port=x -foo --log-format json stray", "", true},
        {"-port=x -log-format", "", false},
        {"-port=x -log-format=json -log-format=text", "", false},
        {"-log-format=xml", "", false},
        {"-port=x", "LUNAR_LOG_FORMAT=json", true},
        {"-port=x -log-format=text", "LUNAR_LOG_FORMAT=json", false},
        {"-port=x -log-format=json", "LUNAR_LOG_FORMAT=text", true},
        {"", "LUNAR_PORT=x LUNAR_LOG_FORMAT=json", true},
        {"-port=x", "LUNAR_LOG_FORMAT=", false},
        {"-port=x", "LUNAR_LOG_FORMAT=xml", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reading reading;
        assert_int_equal(
            reading_read(&reading, rows[i].arguments, rows[i].variables),
            CONFIG_INVALID);
        if ((reading.report.log_format == LOG_JSON) != rows[i].json)
            fail_msg("row %zu", i);
    }
}

static void version_is_that_of_the_build(void **state)
{
    (void)state;
    assert_string_equal(config_version(), LUNAR_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_as_documented),
        cmocka_unit_test(defaults_fit_the_machine),
        cmocka_unit_test(what_is_given_is_not_the_choice_of_the_machine),
        cmocka_unit_test(error_has_the_format_of_the_log),
        cmocka_unit_test(version_is_that_of_the_build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
