/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the log. stderr is a SOCK_SEQPACKET socket, which keeps the bounds
 * of writes: one receive returns the bytes of one write(2).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sync.h"

/* "2026-11-23T20:50:16.123Z info  " */
enum { PREFIX = 31 };

struct capture {
    int saved;
    int socket;
    char line[2 * LOG_MAX_LINE];
};

static void capture_start(struct capture *capture)
{
    int sockets[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets), 0);
    capture->saved = dup(STDERR_FILENO);
    capture->socket = sockets[0];
    assert_true(capture->saved >= 0);
    assert_true(dup2(sockets[1], STDERR_FILENO) >= 0);
    close(sockets[1]);
}

static void capture_stop(struct capture *capture)
{
    dup2(capture->saved, STDERR_FILENO);
    close(capture->saved);
}

/*
 * Receive the next line. Returns its length, 0 if there is none. Call it only
 * after capture_stop().
 */
static size_t capture_line(struct capture *capture)
{
    ssize_t length =
        recv(capture->socket, capture->line, sizeof(capture->line) - 1, 0);
    assert_true(length >= 0);
    capture->line[length] = '\0';
    return (size_t)length;
}

static void line_has_time_level_and_text(void **state)
{
    (void)state;
    static const struct {
        enum log_level level;
        const char *rest;
    } cases[] = {
        {LOG_ERROR, "Z error x 7\n"},
        {LOG_WARN, "Z warn  x 7\n"},
        {LOG_INFO, "Z info  x 7\n"},
        {LOG_DEBUG, "Z debug x 7\n"},
    };
    static const char shape[] = "0000-00-00T00:00:00.000";
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct capture capture;
        capture_start(&capture);
        log_set_level(LOG_DEBUG);
        log_line(cases[i].level, "x %d", 7);
        capture_stop(&capture);
        size_t length = capture_line(&capture);
        assert_int_equal(length, PREFIX + strlen("x 7\n"));
        for (size_t at = 0; at < strlen(shape); at++) {
            char byte = capture.line[at];
            bool digit = byte >= '0' && byte <= '9';
            assert_true(shape[at] == '0' ? digit : byte == shape[at]);
        }
        assert_string_equal(capture.line + strlen(shape), cases[i].rest);
        assert_int_equal(capture_line(&capture), 0);
        close(capture.socket);
    }
}

static void lines_above_the_level_are_not_written(void **state)
{
    (void)state;
    struct capture capture;
    capture_start(&capture);
    log_set_level(LOG_WARN);
    log_line(LOG_INFO, "no");
    log_line(LOG_DEBUG, "no");
    log_line(LOG_WARN, "yes");
    capture_stop(&capture);
    assert_true(capture_line(&capture) > 0);
    assert_non_null(strstr(capture.line, "yes"));
    assert_int_equal(capture_line(&capture), 0);
    assert_true(log_wants(LOG_ERROR));
    assert_true(log_wants(LOG_WARN));
    assert_false(log_wants(LOG_INFO));
    close(capture.socket);
}

static void long_line_is_truncated_and_ends_in_newline(void **state)
{
    (void)state;
    /* The longest that fits, one byte more, and far more. */
    static const int sizes[] = {LOG_MAX_LINE - PREFIX - 1,
                                LOG_MAX_LINE - PREFIX, 3 * LOG_MAX_LINE};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct capture capture;
        capture_start(&capture);
        log_set_level(LOG_INFO);
        log_line(LOG_INFO, "%*s", sizes[i], "x");
        capture_stop(&capture);
        assert_int_equal(capture_line(&capture), LOG_MAX_LINE);
        assert_int_equal(capture.line[LOG_MAX_LINE - 1], '\n');
        char last = capture.line[LOG_MAX_LINE - 2];
        assert_int_equal(last, i == 0 ? 'x' : ' ');
        close(capture.socket);
    }
}

static void control_characters_in_a_line_become_spaces(void **state)
{
    (void)state;
    struct capture capture;
    capture_start(&capture);
    log_set_level(LOG_INFO);
    log_line(LOG_INFO, "%s", "a\r\nb\x1b[1m\x7f\n");
    capture_stop(&capture);
    assert_true(capture_line(&capture) > 0);
    assert_string_equal(capture.line + PREFIX, "a  b [1m  \n");
    close(capture.socket);
}

static void levels_have_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum log_level level;
    } cases[] = {
        {"error", LOG_ERROR},
        {"warn", LOG_WARN},
        {"info", LOG_INFO},
        {"debug", LOG_DEBUG},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum log_level level = (enum log_level)99;
        assert_true(log_level_of(text_of(cases[i].name), &level));
        assert_int_equal(level, cases[i].level);
    }
    static const char *const bad[] = {"", "Info", "infos", "warning", "3"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        enum log_level level = (enum log_level)99;
        assert_false(log_level_of(text_of(bad[i]), &level));
        assert_int_equal(level, 99);
    }
}

static void escape_leaves_printable_ascii_only(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *escaped;
    } cases[] = {
        {"", ""},
        {"GET /rockets?a=\"b\" ~", "GET /rockets?a=\"b\" ~"},
        {"a\r\nb", "a\\x0d\\x0ab"},
        {"\x1b[2J", "\\x1b[2J"},
        {"\x7f", "\\x7f"},
        {"\\x41", "\\x5cx41"},
        {"\xc3\xa9", "\\xc3\\xa9"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[64];
        struct text text = text_of(cases[i].text);
        assert_ptr_equal(log_escape(text, out, sizeof(out)), out);
        assert_string_equal(out, cases[i].escaped);
    }
    char out[8];
    assert_string_equal(log_escape((struct text){"a\0b", 3}, out, sizeof(out)),
                        "a\\x00b");
    assert_string_equal(log_escape((struct text){NULL, 0}, out, sizeof(out)),
                        "");
}

static void escape_is_truncated_between_characters(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        const char *escaped;
    } cases[] = {
        {1, ""},       {2, "a"},       {5, "a"},
        {6, "a\\x0a"}, {7, "a\\x0ab"}, {8, "a\\x0ab"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[8];
        memset(out, '#', sizeof(out));
        log_escape(TEXT("a\nb"), out, cases[i].size);
        assert_string_equal(out, cases[i].escaped);
        for (size_t at = cases[i].size; at < sizeof(out); at++)
            assert_int_equal(out[at], '#');
    }
}

static void pthread_error_is_logged_and_aborts(void **state)
{
    (void)state;
    sync_check(0, "nothing happens");

    struct capture capture;
    capture_start(&capture);
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        signal(SIGABRT, SIG_DFL);
        log_set_level(LOG_ERROR);
        sync_check(EDEADLK, "pthread_rwlock_wrlock");
        _exit(0);
    }
    capture_stop(&capture);
    assert_true(child > 0);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_true(capture_line(&capture) > 0);
    assert_string_equal(capture.line + PREFIX,
                        "pthread_rwlock_wrlock: Resource deadlock avoided\n");
    close(capture.socket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_has_time_level_and_text),
        cmocka_unit_test(lines_above_the_level_are_not_written),
        cmocka_unit_test(long_line_is_truncated_and_ends_in_newline),
        cmocka_unit_test(control_characters_in_a_line_become_spaces),
        cmocka_unit_test(levels_have_names),
        cmocka_unit_test(escape_leaves_printable_ascii_only),
        cmocka_unit_test(escape_is_truncated_between_characters),
        cmocka_unit_test(pthread_error_is_logged_and_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
