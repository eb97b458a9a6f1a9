/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the log, without its thread. test_log_thread.c has those with it.
 */
#include "lib/captured_log.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/log_metrics.h"
#include "base/metrics.h"
#include "base/sync.h"

static void line_has_time_level_and_text(void **state)
{
    (void)state;
    static const struct {
        enum log_level level;
        const char *text, *rest;
    } cases[] = {
        {LOG_ERROR, "x", "Z error x 7\n"},
        {LOG_WARN, "x", "Z warn  x 7\n"},
        {LOG_INFO, "x", "Z info  x 7\n"},
        {LOG_DEBUG, "x", "Z debug x 7\n"},
        /* Control characters become spaces. */
        {LOG_INFO, "a\r\nb\x1b[1m\x7f\n", "Z info  a  b [1m   7\n"},
    };
    static const char shape[] = "0000-00-00T00:00:00.000";
    struct captured_log capture;

    log_set_level(LOG_DEBUG);
    for (size_t i = 0; i < COUNT(cases); i++) {
        captured_log_start(&capture);
        log_line(cases[i].level, "%s %d", cases[i].text, 7);
        captured_log_stop(&capture);
        captured_log_expect(&capture, shape, cases[i].rest);
    }
}

static void lines_above_the_level_are_not_written(void **state)
{
    (void)state;
    struct captured_log capture;

    captured_log_start(&capture);
    log_set_level(LOG_WARN);
    log_line(LOG_INFO, "no");
    log_line(LOG_DEBUG, "no");
    uint64_t warnings = log_lines(LOG_WARN), infos = log_lines(LOG_INFO);
    log_line(LOG_WARN, "yes");
    log_line(LOG_INFO, "no");
    captured_log_stop(&capture);
    assert_int_equal(log_lines(LOG_WARN), warnings + 1);
    assert_int_equal(log_lines(LOG_INFO), infos);
    assert_int_equal(capture.writes, 1);
    assert_string_equal(capture.text + CAPTURED_PREFIX, "yes\n");
    assert_true(log_wants(LOG_ERROR));
    assert_true(log_wants(LOG_WARN));
    assert_false(log_wants(LOG_INFO));
}

static void long_line_is_truncated_and_ends_in_newline(void **state)
{
    (void)state;
    /* The longest that fits, one byte more, and far more. */
    static const int sizes[] = {LOG_MAX_LINE - CAPTURED_PREFIX - 1,
                                LOG_MAX_LINE - CAPTURED_PREFIX,
                                3 * LOG_MAX_LINE};
    struct captured_log capture;

    log_set_level(LOG_INFO);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        captured_log_start(&capture);
        log_line(LOG_INFO, "%*s", sizes[i], "x");
        captured_log_stop(&capture);
        assert_int_equal(capture.length, LOG_MAX_LINE);
        assert_string_equal(capture.text + LOG_MAX_LINE - 2,
                            i == 0 ? "x\n" : " \n");
    }
}

static void levels_have_names(void **state)
{
    (void)state;
    enum { NONE = 99 };
    static const struct {
        const char *name;
        int level;
    } cases[] = {
        {"error", LOG_ERROR}, {"warn", LOG_WARN}, {"info", LOG_INFO},
        {"debug", LOG_DEBUG}, {"", NONE},         {"Info", NONE},
        {"infos", NONE},      {"warning", NONE},  {"3", NONE},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        enum log_level level = (enum log_level)NONE;
        assert_int_equal(log_level_of(text_of(cases[i].name), &level),
                         cases[i].level != NONE);
        assert_int_equal(level, cases[i].level);
    }
}

static void metrics_have_the_levels_by_their_names(void **state)
{
    struct metrics *metrics = metrics_new();

    (void)state;
    assert_non_null(metrics);
    log_metrics_add(metrics);
    struct metric *lines = metrics_find(metrics, "lunar_log_lines_total");
    assert_non_null(lines);
    const struct metric_label *label = &metric_family(lines)->labels[0];
    assert_int_equal(label->count, LOG_LEVEL_COUNT);
    for (size_t i = 0; i < LOG_LEVEL_COUNT; i++) {
        enum log_level level;
        assert_true(log_level_of(text_of(label->values[i]), &level));
        assert_int_equal(level, i);
        assert_int_equal(metric_value(lines, i), log_lines(level));
    }
    metrics_free(metrics);
}

static void escape_leaves_printable_ascii_only(void **state)
{
    (void)state;
    const struct {
        struct text text;
        const char *escaped;
    } cases[] = {
        {TEXT(""), ""},
        {TEXT("GET /rockets?a=\"b\" ~"), "GET /rockets?a=\"b\" ~"},
        {TEXT("a\r\nb"), "a\\x0d\\x0ab"},
        {TEXT("\x1b[2J\x7f"), "\\x1b[2J\\x7f"},
        {TEXT("\\x41"), "\\x5cx41"},
        {TEXT("\xc3\xa9"), "\\xc3\\xa9"},
        {TEXT("a\0b"), "a\\x00b"},
        {text_of(NULL), ""},
    };
    char out[64];

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_ptr_equal(log_escape(cases[i].text, out, sizeof(out)), out);
        assert_string_equal(out, cases[i].escaped);
    }
}

static void word_has_no_spaces(void **state)
{
    char out[32];

    (void)state;
    assert_ptr_equal(log_escape_word(TEXT("a 2: \\\n\""), out, sizeof(out)),
                     out);
    assert_string_equal(out, "a\\x202:\\x20\\x5c\\x0a\"");
}

static void escape_is_truncated_between_characters(void **state)
{
    (void)state;
    static const char *const escaped[] = {
        [1] = "",  [2] = "a",      [3] = "a",       [4] = "a",
        [5] = "a", [6] = "a\\x0a", [7] = "a\\x0ab", [8] = "a\\x0ab",
    };
    char out[9];

    for (size_t size = 1; size <= 8; size++) {
        memset(out, '#', sizeof(out));
        log_escape(TEXT("a\nb"), out, size);
        assert_string_equal(out, escaped[size]);
        assert_int_equal(out[size], '#');
    }
}

/* A file that is full in the middle of a line, until there is room again. */
static void line_after_a_torn_one_begins_a_line(void **state)
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    struct rlimit before;
    char text[4 * LOG_MAX_LINE] = "";

    (void)state;
    if (file == NULL)
        abort();
    log_set_level(LOG_INFO);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){100, before.rlim_max});
    log_line(LOG_INFO, "%*s", 20, "whole");
    log_line(LOG_INFO, "%*s", 200, "torn");
    log_line(LOG_INFO, "lost");
    setrlimit(RLIMIT_FSIZE, &before);
    log_line(LOG_INFO, "next");
    log_line(LOG_INFO, "last");
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    size_t length = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    assert_int_equal(length, 100 + 1 + 2 * (CAPTURED_PREFIX + 5));
    assert_memory_equal(text + 100, "\n2", 2);
    assert_memory_equal(text + length - 5, "last\n", 5);
    assert_null(strstr(text, "lost"));
    assert_non_null(strstr(text, "whole\n"));
    assert_non_null(strstr(text, " info  next\n"));
}

static void fail_lock(bool with_thread)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    signal(SIGABRT, SIG_DFL);
    log_set_level(LOG_ERROR);
    if (with_thread && !log_start())
        _exit(1);
    /* So many that they are not written before the end by chance. */
    for (int i = 0; i < 100; i++)
        log_line(LOG_ERROR, "before");
    sync_check(EDEADLK, "pthread_rwlock_wrlock");
    _exit(0);
}

static void pthread_error_is_logged_and_aborts(void **state)
{
    (void)state;
    sync_check(0, "nothing happens");
    for (int with_thread = 0; with_thread <= 1; with_thread++) {
        struct captured_log capture;
        int status = 0;

        captured_log_start(&capture);
        pid_t child = fork();
        if (child == 0)
            fail_lock(with_thread);
        assert_true(child > 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        captured_log_stop(&capture);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
        const char *last = strstr(capture.text, "pthread_rwlock_wrlock: ");
        if (last == NULL)
            abort();
        assert_string_equal(
            last, "pthread_rwlock_wrlock: Resource deadlock avoided\n");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_has_time_level_and_text),
        cmocka_unit_test(lines_above_the_level_are_not_written),
        cmocka_unit_test(long_line_is_truncated_and_ends_in_newline),
        cmocka_unit_test(levels_have_names),
        cmocka_unit_test(metrics_have_the_levels_by_their_names),
        cmocka_unit_test(escape_leaves_printable_ascii_only),
        cmocka_unit_test(word_has_no_spaces),
        cmocka_unit_test(escape_is_truncated_between_characters),
        cmocka_unit_test(line_after_a_torn_one_begins_a_line),
        cmocka_unit_test(pthread_error_is_logged_and_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
