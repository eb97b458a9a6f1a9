/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The figures of `rockets`, and its progress line on a terminal: stderr is a
 * pseudoterminal here.
 */
#include "lib/unit_check.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "console.h"
#include "report.h"

#define ERASE "\r\033[K"

static void figures_have_sensible_digits(void **state)
{
    static const struct {
        size_t messages;
        double seconds;
        const char *rate, *duration;
    } ROWS[] = {
        {0, 0, "0", "0.0 ms"},
        {0, 60.08, "0", "60.08 s"},
        {1, 0, "1,000,000,000", "0.0 ms"}, /* no division by zero */
        {1, 0.0008, "1,250", "0.8 ms"},
        {100, 0.05, "2,000", "50.0 ms"},
        {100, 1, "100", "1.00 s"},
        {1000, 0.9999, "1,000", "999.9 ms"},
        {1000, 0.99999, "1,000", "1.00 s"},
        {100000, 15.42, "6,485", "15.42 s"},
        {1, 1.92, "0.52", "1.92 s"},
        {10, 6, "1.67", "6.00 s"},
        {25, 2, "12.5", "2.00 s"},
        {9996, 1000, "10.0", "1000.00 s"},
        {9996, 100, "100", "100.00 s"},
    };
    char text[REPORT_COUNT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        assert_string_equal(
            report_rate(ROWS[i].messages, ROWS[i].seconds, text), ROWS[i].rate);
        assert_string_equal(report_duration(ROWS[i].seconds, text),
                            ROWS[i].duration);
    }
}

/* Call it with `terminal` as stderr, and return what it writes there. */
static void capture(int terminal, void (*write_out)(void *), void *context,
                    char text[1024])
{
    char name[64];
    size_t length = 0;
    ssize_t got;

    assert_int_equal(ptsname_r(terminal, name, sizeof(name)), 0);
    int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    int saved = dup(STDERR_FILENO); /* NOLINT(android-cloexec-dup) */
    assert_true(slave >= 0 && saved >= 0);
    assert_true(dup2(slave, STDERR_FILENO) >= 0);
    console_init(CONSOLE_INFO);
    write_out(context);
    /* The end of what was written. */
    assert_int_equal(write(STDERR_FILENO, "|", 1), 1);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    close(slave);
    /* A read may return less than all. */
    do {
        got = read(terminal, text + length, 1023 - length);
        if (got <= 0)
            abort();
        length += (size_t)got;
    } while (text[length - 1] != '|');
    text[length - 1] = '\0';
}

/* TERM is set before any other thread starts. NULL: unset. */
static void set_kind(const char *kind)
{
    if (kind == NULL)
        unsetenv("TERM"); /* NOLINT(concurrency-mt-unsafe) */
    else
        setenv("TERM", kind, 1); /* NOLINT(concurrency-mt-unsafe) */
}

static int open_terminal(void)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    assert_true(terminal >= 0);
    assert_int_equal(grantpt(terminal), 0);
    assert_int_equal(unlockpt(terminal), 0);
    return terminal;
}

static void write_progress(void *context)
{
    console_progress("%s", (const char *)context);
}

/* The last column stays empty. */
static void the_progress_line_is_cut_to_the_width(void **state)
{
    static const struct {
        unsigned short width;
        size_t shown;
    } ROWS[] = {
        {80, 79}, {40, 39}, {0, CONSOLE_DEFAULT_WIDTH - 1},
        {2, 1},   {1, 0},   {120, 100},
    };
    char line[101], expected[128], text[1024];
    int terminal = open_terminal();

    (void)state;
    set_kind("xterm");
    for (size_t i = 0; i < 100; i++)
        line[i] = (char)('0' + i % 10);
    line[100] = '\0';
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct winsize size = {.ws_col = ROWS[i].width, .ws_row = 24};

        assert_int_equal(ioctl(terminal, TIOCSWINSZ, &size), 0);
        capture(terminal, write_progress, line, text);
        snprintf(expected, sizeof(expected), ERASE "%.*s", (int)ROWS[i].shown,
                 line);
        assert_string_equal(text, expected);
    }
    close(terminal);
}

static void write_all(void *context)
{
    (void)context;
    console_progress("50%%");
    console_line(CONSOLE_INFO, "news");
    console_progress_end();
}

static void
control_sequences_are_only_for_terminals_that_know_them(void **state)
{
    static const struct {
        const char *term, *text;
    } ROWS[] = {
        {"xterm", ERASE "50%" ERASE "rockets: news\r\n" ERASE},
        {"dumb", "rockets: news\r\n"},
        {"", "rockets: news\r\n"},
        {NULL, "rockets: news\r\n"},
    };
    int terminal = open_terminal();
    char text[1024];

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        set_kind(ROWS[i].term);
        capture(terminal, write_all, NULL, text);
        assert_string_equal(text, ROWS[i].text);
    }
    close(terminal);
}

struct progress {
    struct plan plan;
    struct sender_counts counts;
};

static void write_report(void *context)
{
    const struct progress *progress = context;

    report_progress(&progress->plan, &progress->counts);
}

static void progress_shows_the_rate_or_the_outage(void **state)
{
    static const struct {
        struct progress progress;
        const char *text;
    } ROWS[] = {
        {{{.count = 1}, {.seconds = 0.01}},
         "0 of 1 message, 0/s, retries 0, waiting 0"},
        {{{.count = 100000}, {.delivered = 1200, .seconds = 0.2}},
         "1,200 of 100,000 messages, 6,000/s, retries 0, waiting 0"},
        {{{.count = 20}, {.retries = 7, .waiting = 3, .outage = 12.3}},
         "0 of 20 messages, no answer for 12 s, retries 7, waiting 3"},
        {{{.count = 20}, {.waiting = 1002, .outage = 2, .status = 503}},
         "0 of 20 messages, status 503 for 2 s, retries 0, waiting 1,002"},
    };
    int terminal = open_terminal();
    char text[1024];

    (void)state;
    set_kind("xterm");
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct progress progress = ROWS[i].progress;

        capture(terminal, write_report, &progress, text);
        assert_string_equal(text + strlen(ERASE), ROWS[i].text);
    }
    close(terminal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_have_sensible_digits),
        cmocka_unit_test(the_progress_line_is_cut_to_the_width),
        cmocka_unit_test(
            control_sequences_are_only_for_terminals_that_know_them),
        cmocka_unit_test(progress_shows_the_rate_or_the_outage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
