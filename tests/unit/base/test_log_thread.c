/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the log's thread: whatever becomes of stderr, a line never blocks
 * its caller, and none is missing without a word.
 */
#include "lib/unit_check.h"
#include "lib/full_pipe.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

enum {
    PATIENCE = 60 * 1000, /* ms; only a bound */
    SHORT = 20,           /* ms, of a wait that is in vain */
    THREADS = 4,
    LINE = 100, /* bytes of a line of log_numbers() */
    BUFFER_LINES = LOG_BUFFER / LINE,
    LINES = 3 * BUFFER_LINES, /* more than both buffers hold */
};

/* Each test runs once in each format. */
static const struct form {
    enum log_format format;
    size_t time;             /* bytes of a line before its level */
    const char *warn, *info; /* between the time and the message */
    const char *end;         /* behind the message */
} forms[] = {
    {LOG_TEXT, 25, "warn  ", "info  ", ""},
    {LOG_JSON, 33, "\",\"level\":\"warn\",\"message\":\"",
     "\",\"level\":\"info\",\"message\":\"", "\"}"},
};

static const struct form *form;

/* stderr is a pipe. */
struct fixture {
    int saved, in, out;
    char *text; /* what was read from it, without what filled it */
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    int ends[2];

    if (fixture == NULL)
        return -1;
    assert_int_equal(pipe(ends), 0);
    fixture->saved = dup(STDERR_FILENO);
    fixture->out = ends[0];
    fixture->in = ends[1];
    dup2(fixture->in, STDERR_FILENO);
    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_DEBUG);
    log_set_format(form->format);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    dup2(fixture->saved, STDERR_FILENO);
    close(fixture->saved);
    close(fixture->in);
    if (fixture->out >= 0)
        close(fixture->out);
    free(fixture->text);
    free(fixture);
    return 0;
}

/* Read until the text has `part`. */
static void read_until(struct fixture *fixture, const char *part)
{
    fixture->text = full_pipe_read(fixture->out, fixture->text, part);
}

static void read_last_one(struct fixture *fixture)
{
    char line[64];

    snprintf(line, sizeof(line), "the last one%s\n", form->end);
    read_until(fixture, line);
}

/* Log the numbers from `first` on, up to `end`. */
static void log_numbers(unsigned first, unsigned end)
{
    size_t others =
        form->time + strlen(form->info) + strlen(form->end) + 13 + 1;

    for (unsigned i = first; i < end; i++)
        log_line(LOG_INFO, "number %06u%*s", i, (int)(LINE - others), "");
}

/*
 * Take `prefix` and the number behind it from the front of `text`. False, with
 * both untouched, if the prefix is not there.
 */
static bool take_number(const char **text, const char *prefix, unsigned *number)
{
    size_t length = strlen(prefix);
    char *end = NULL;

    if (strncmp(*text, prefix, length) != 0)
        return false;
    *number = (unsigned)strtoul(*text + length, &end, 10);
    *text = end;
    return true;
}

/* The message of a line, if it has this level; or NULL. */
static const char *message_of(const char *line, const char *level)
{
    const char *rest = line + form->time;

    assert_true(strlen(line) > form->time);
    return strncmp(rest, level, strlen(level)) == 0 ? rest + strlen(level)
                                                    : NULL;
}

/* The end of the line that says how many were dropped. */
static void expect_dropped(const char *end, unsigned number)
{
    char expected[64] = "";

    if (form->format == LOG_JSON)
        snprintf(expected, sizeof(expected), "\",\"droppedLines\":%u}", number);
    assert_string_equal(end, expected);
}

/*
 * Expect the numbers from 0 to `end` in the text, in order and whole. Returns
 * how many are missing, which the lines of the log must say, in their place.
 */
static unsigned expect_numbers(char *text, unsigned end)
{
    unsigned next = 0, missing = 0;

    for (char *rest = NULL, *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        const char *warning = message_of(line, form->warn);
        const char *event = message_of(line, form->info);
        unsigned number = 0;
        if (warning != NULL &&
            take_number(&warning,
                        "log lines dropped because stderr did not take them: ",
                        &number)) {
            expect_dropped(warning, number);
            missing += number;
            next += number;
        } else if (event != NULL && take_number(&event, "number ", &number)) {
            assert_int_equal(number, next);
            assert_true(strlen(line) == LINE - 1 ||
                        strcmp(event, form->end) == 0);
            next++;
        }
    }
    assert_int_equal(next, end);
    return missing;
}

static void *log_in_thread(void *context)
{
    const unsigned *thread = context;

    for (unsigned i = 0; i < 100; i++)
        log_line(LOG_INFO, "thread %u line %u end", *thread, i);
    return NULL;
}

/* The pipe has room for all of them. */
static void lines_of_all_threads_are_written_whole_and_in_order(void **state)
{
    struct fixture *fixture = *state;
    pthread_t threads[THREADS];
    unsigned numbers[THREADS], next[THREADS] = {0}, lines = 0;

    assert_true(log_start());
    for (unsigned i = 0; i < THREADS; i++) {
        numbers[i] = i;
        assert_int_equal(
            pthread_create(&threads[i], NULL, log_in_thread, &numbers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    log_line(LOG_INFO, "the last one");
    log_stop(PATIENCE);
    read_last_one(fixture);
    for (char *rest = NULL, *line = strtok_r(fixture->text, "\n", &rest);
         line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        const char *event = message_of(line, form->info);
        unsigned thread = 0, number = 0;
        if (event == NULL || !take_number(&event, "thread ", &thread))
            continue;
        assert_in_range(thread, 0, THREADS - 1);
        assert_true(take_number(&event, " line ", &number));
        assert_int_equal(number, next[thread]++);
        assert_int_equal(strncmp(event, " end", 4), 0);
        assert_string_equal(event + 4, form->end);
        lines++;
    }
    assert_int_equal(lines, THREADS * 100);
}

static void
lines_that_a_full_pipe_does_not_take_are_dropped_and_counted(void **state)
{
    struct fixture *fixture = *state;
    uint64_t dropped = log_lines_dropped(), logged = log_lines(LOG_INFO);

    full_pipe_fill(fixture->in);
    assert_true(log_start());
    log_numbers(0, LINES - 1);
    /* A short line, which would fit, is dropped with those before it. */
    log_line(LOG_INFO, "number %06u", LINES - 1);
    assert_false(log_flush(SHORT));
    read_until(fixture, "log lines dropped");
    log_numbers(LINES, LINES + 1);
    log_line(LOG_INFO, "the last one");
    read_last_one(fixture);
    log_stop(PATIENCE);
    unsigned missing = expect_numbers(fixture->text, LINES + 1);
    /* One buffer was filled, or both. */
    assert_in_range(missing, LINES - 2 * BUFFER_LINES, LINES - BUFFER_LINES);
    assert_int_equal(log_lines_dropped() - dropped, missing);
    /* With the one that is not a number. */
    assert_int_equal(log_lines(LOG_INFO) - logged, LINES + 2);
}

/*
 * A pipe does not mix writes of up to PIPE_BUF bytes with those of other
 * processes. With O_DIRECT (pipe(2)) a read returns one write, or a part of one
 * that is longer.
 */
static void each_write_is_of_whole_lines_and_fits_into_a_pipe(void **state)
{
    struct fixture *fixture = *state;
    char bytes[PIPE_BUF];
    ssize_t got = 0;

    full_pipe_fill(fixture->in);
    fcntl(fixture->in, F_SETFL, fcntl(fixture->in, F_GETFL) | O_DIRECT);
    assert_true(log_start());
    log_numbers(0, BUFFER_LINES - 1);
    log_line(LOG_INFO, "the last one");
    do {
        got = read(fixture->out, bytes, sizeof(bytes));
        assert_true(got > 0);
        assert_true(bytes[got - 1] == '\n' ||
                    bytes[got - 1] == FULL_PIPE_FILLING);
    } while (memmem(bytes, (size_t)got, "last one", 8) == NULL);
    log_stop(PATIENCE);
}

/* Another process that shares the description may have made it so. */
static void lines_wait_for_a_pipe_that_does_not_block(void **state)
{
    struct fixture *fixture = *state;
    int flags = fcntl(fixture->in, F_GETFL);

    full_pipe_fill(fixture->in);
    fcntl(fixture->in, F_SETFL, flags | O_NONBLOCK);
    assert_true(log_start());
    log_numbers(0, 1000);
    log_line(LOG_INFO, "the last one");
    assert_false(log_flush(SHORT));
    read_last_one(fixture);
    log_stop(PATIENCE);
    assert_int_equal(expect_numbers(fixture->text, 1000), 0);
}

static void lines_that_stderr_refuses_are_counted(void **state)
{
    struct fixture *fixture = *state;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    uint64_t dropped = log_lines_dropped();

    assert_true(full >= 0);
    dup2(full, STDERR_FILENO);
    close(full);
    assert_true(log_start());
    log_numbers(0, 3);
    assert_true(log_flush(PATIENCE));
    dup2(fixture->in, STDERR_FILENO);
    log_numbers(3, 5);
    log_stop(PATIENCE);
    log_line(LOG_INFO, "the last one");
    read_last_one(fixture);
    assert_int_equal(expect_numbers(fixture->text, 5), 3);
    assert_int_equal(log_lines_dropped() - dropped, 3);
}

static void stderr_without_a_reader_stops_nothing(void **state)
{
    struct fixture *fixture = *state;

    close(fixture->out);
    fixture->out = -1;
    assert_true(log_start());
    log_numbers(0, LINES);
    assert_true(log_flush(PATIENCE));
    log_stop(PATIENCE);
}

/* What a terminal gets to erase a row. */
#define ERASED "\r\033[K"

/* Set the footer, and wait until it is drawn. */
static void show_footer(const char *text)
{
    log_footer(text);
    assert_true(log_flush(PATIENCE));
}

static void footer_stays_below_the_lines(void **state)
{
    struct fixture *fixture = *state;
    char line[128];

    assert_true(log_start());
    show_footer("one");
    show_footer("one");
    show_footer("two");
    log_line(LOG_INFO, "a line");
    assert_true(log_flush(PATIENCE));
    show_footer("");
    log_line(LOG_INFO, "the last one");
    log_stop(PATIENCE);
    log_footer("nothing, as the log has no thread");
    read_last_one(fixture);

    const char *at = strstr(fixture->text, "one" ERASED "two" ERASED);
    if (at == NULL)
        abort();
    at += strlen("one" ERASED "two" ERASED) + form->time;
    snprintf(line, sizeof(line), "%sa line%s\ntwo" ERASED, form->info,
             form->end);
    assert_memory_equal(at, line, strlen(line));
    at += strlen(line) + form->time;
    snprintf(line, sizeof(line), "%sthe last one%s\n", form->info, form->end);
    assert_string_equal(at, line);
}

/* The end of a process whose stderr is full: it is killed if it hangs. */
static void end_with_full_pipe(const struct fixture *fixture)
{
    alarm(PATIENCE / 1000);
    full_pipe_fill(fixture->in);
    if (!log_start())
        _exit(1);
    log_numbers(0, LINES);
    log_stop(SHORT);
    uint64_t dropped = log_lines_dropped();
    log_numbers(0, LINES);
    if (log_lines_dropped() - dropped != LINES)
        _exit(1);
    exit(0); /* NOLINT(concurrency-mt-unsafe): others only write */
}

static void process_ends_although_stderr_is_full(void **state)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0)
        end_with_full_pipe(*state);
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void log_can_be_started_again(void **state)
{
    struct fixture *fixture = *state;

    for (unsigned i = 0; i < 3; i++) {
        assert_true(log_start());
        log_numbers(i, i + 1);
        log_stop(PATIENCE);
    }
    log_line(LOG_INFO, "the last one");
    read_last_one(fixture);
    assert_int_equal(expect_numbers(fixture->text, 3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(lines_of_all_threads_are_written_whole_and_in_order),
        FIXTURE_TEST(
            lines_that_a_full_pipe_does_not_take_are_dropped_and_counted),
        FIXTURE_TEST(each_write_is_of_whole_lines_and_fits_into_a_pipe),
        FIXTURE_TEST(lines_wait_for_a_pipe_that_does_not_block),
        FIXTURE_TEST(lines_that_stderr_refuses_are_counted),
        FIXTURE_TEST(footer_stays_below_the_lines),
        FIXTURE_TEST(stderr_without_a_reader_stops_nothing),
        FIXTURE_TEST(process_ends_although_stderr_is_full),
        FIXTURE_TEST(log_can_be_started_again),
    };
    int failures = 0;

    for (form = forms; form < forms + COUNT(forms); form++)
        failures += cmocka_run_group_tests(tests, NULL, NULL);
    return failures;
}
