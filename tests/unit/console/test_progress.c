/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the lines that show how far long work is. test_store_slow.c has the
 * bar of a terminal.
 */
#include "lib/captured_log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "console/progress.h"

enum { SECOND = 1000000 };

/* Show `now` as of work that began `seconds` ago. */
static void capture_progress(struct captured_log *capture, bool lines,
                             unsigned seconds,
                             const struct journal_progress *now)
{
    struct progress progress = {
        .doing = "recovering",
        .path = "/a\nb",
        .field = "data",
        .lines = lines,
    };

    captured_log_start(capture);
    progress_begin(&progress);
    progress.began -= (uint64_t)seconds * SECOND;
    progress.shown = progress.began;
    progress_show(&progress, now);
    progress_show(&progress, now);
    assert_true(progress_end(&progress) >= (uint64_t)seconds * SECOND);
    captured_log_stop(capture);
}

static void line_has_what_is_known(void **state)
{
    static const struct {
        struct journal_progress now;
        const char *line;
    } rows[] = {
        {{.done = 43, .total = 100, .rockets = 1000000, .records = 120000},
         "recovering /a\\x0ab: 43 %, 1,000,000 rockets, 120,000 messages, "
         "about 6 s left\n"},
        {{.done = 50, .total = 100, .rockets = 5},
         "recovering /a\\x0ab: 50 %, 5 rockets, about 5 s left\n"},
        {{.done = 50, .total = 100, .records = 7},
         "recovering /a\\x0ab: 50 %, 7 messages, about 5 s left\n"},
        {{.total = 100}, "recovering /a\\x0ab: 0 %\n"},
    };

    (void)state;
    log_set_level(LOG_INFO);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct captured_log capture;

        capture_progress(&capture, true, 4, &rows[i].now);
        assert_int_equal(capture.writes, 1); /* at most one a second */
        assert_string_equal(capture.text + CAPTURED_PREFIX, rows[i].line);
    }
}

static void json_has_the_numbers_as_members(void **state)
{
    static const struct journal_progress now = {
        .done = 43, .total = 100, .rockets = 2, .records = 3};
    struct captured_log capture;

    (void)state;
    log_set_level(LOG_INFO);
    log_set_format(LOG_JSON);
    capture_progress(&capture, true, 4, &now);
    log_set_format(LOG_TEXT);
    assert_non_null(strstr(capture.text, "\"percent\":43,\"rockets\":2,"
                                         "\"messages\":3,\"secondsLeft\":6}"));
}

static void nothing_is_shown_early_or_unasked(void **state)
{
    static const struct journal_progress now = {.done = 43, .total = 100};
    struct captured_log capture;

    (void)state;
    capture_progress(&capture, true, 0, &now);
    assert_string_equal(capture.text, "");
    capture_progress(&capture, false, 4, &now);
    assert_string_equal(capture.text, "");
}

/* A terminal of a test: what is written to stderr can be read from it. */
static int open_terminal(int *saved)
{
    char name[64];
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    assert_true(terminal >= 0);
    assert_int_equal(grantpt(terminal), 0);
    assert_int_equal(unlockpt(terminal), 0);
    assert_int_equal(ptsname_r(terminal, name, sizeof(name)), 0);
    int other = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(other >= 0);
    *saved = dup(STDERR_FILENO);
    assert_true(dup2(other, STDERR_FILENO) >= 0);
    close(other);
    return terminal;
}

/*
 * Read what was written to the terminal, which arrives in parts, until there
 * are `length` bytes, or the other end is closed and no more come.
 */
static void read_terminal(int terminal, char *text, size_t length)
{
    size_t count = 0;

    while (count < length) {
        ssize_t part = read(terminal, text + count, length - count);
        if (part <= 0)
            break;
        count += (size_t)part;
    }
    text[count] = '\0';
}

/* A command prints its results to the same terminal. */
static void bar_is_erased_before_something_else_is_written(void **state)
{
    static const struct journal_progress now = {.done = 43, .total = 100};
    static const char shown[] = "checking [########            ] 43 %"
                                "\r\033[Kresult\r\n"
                                "checking [########            ] 43 %"
                                "\r\033[K";
    struct progress progress = {.doing = "checking", .path = "d"};
    char text[512] = "";
    int saved;
    int terminal = open_terminal(&saved);

    (void)state;
    setenv("TERM", "xterm", 1); /* NOLINT(concurrency-mt-unsafe) */
    assert_true(log_start());
    progress_begin(&progress);
    for (int i = 0; i < 2; i++) {
        progress.shown = 0;
        progress_show(&progress, &now);
        log_flush(1000);
        progress_clear(&progress);
        if (i == 0)
            assert_int_equal(write(STDERR_FILENO, "result\n", 7), 7);
    }
    progress_end(&progress);
    log_stop(1000);
    dup2(saved, STDERR_FILENO);
    close(saved);
    read_terminal(terminal, text, sizeof(text) - 1);
    close(terminal);
    assert_string_equal(text, shown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_has_what_is_known),
        cmocka_unit_test(json_has_the_numbers_as_members),
        cmocka_unit_test(nothing_is_shown_early_or_unasked),
        cmocka_unit_test(bar_is_erased_before_something_else_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
