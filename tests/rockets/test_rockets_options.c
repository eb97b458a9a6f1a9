/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of `rockets`.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "options.h"

#define URL "http://localhost:8088/messages"
#define LAUNCH "rockets launch " URL " "
#define WATCH "rockets watch " URL " "

enum { MAX_WORDS = 16 };

/*
 * Split `line` at spaces, as a shell does, and read it. `options` is valid
 * until the next call.
 */
static enum options_command read_line(const char *line, struct options *options,
                                      char error[256])
{
    static char storage[512];
    char *words[MAX_WORDS] = {NULL};
    char *place = NULL;
    int count = 0;

    snprintf(storage, sizeof(storage), "%s", line);
    for (char *word = strtok_r(storage, " ", &place); word != NULL;
         word = strtok_r(NULL, " ", &place))
        words[count++] = word;
    memset(error, 0, 256);
    return options_read(options, count, words, error, 256);
}

static struct options read_launch(const char *line)
{
    struct options options;
    char error[256];

    assert_int_equal(read_line(line, &options, error), OPTIONS_LAUNCH);
    return options;
}

static void defaults_are_those_of_the_original(void **state)
{
    struct options options = read_launch("rockets launch " URL);

    (void)state;
    assert_string_equal(options.url, URL);
    assert_int_equal(options.message_delay, 0);
    assert_int_equal(options.concurrency_level, 3);
    assert_int_equal(options.max_messages, 100000);
    assert_int_equal(options.seed, 444);
    assert_int_equal(options.log_level, CONSOLE_INFO);
    assert_int_equal(options.rockets, 20);
    assert_int_equal(options.shuffle, 0);
    assert_true(options.duplicates == 0);
    assert_false(options.keep_alive || options.drop_launch || options.verify);
}

static void all_spellings_of_a_flag_are_the_same(void **state)
{
    static const char *const LINES[] = {
        "rockets launch " URL " --seed=7", "rockets launch " URL " --seed 7",
        "rockets launch " URL " -seed=7",  "rockets launch " URL " -seed 7",
        "rockets launch --seed=7 " URL,    "rockets launch -seed 7 " URL,
        "rockets launch --seed 7 -- " URL,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(LINES) / sizeof(LINES[0]); i++) {
        struct options options = read_launch(LINES[i]);

        assert_int_equal(options.seed, 7);
        assert_string_equal(options.url, URL);
    }
}

static void every_flag_is_read(void **state)
{
    struct options options = read_launch(
        "rockets launch --message-delay=500ms --concurrency-level=9 "
        "--max-messages=5 --seed=18446744073709551615 --log-level=debug "
        "--keep-alive --rockets=3 --shuffle=500 --duplicates=.25 "
        "--drop-launch --verify " URL);

    (void)state;
    assert_int_equal(options.message_delay, 500000000);
    assert_int_equal(options.concurrency_level, 9);
    assert_int_equal(options.max_messages, 5);
    assert_true(options.seed == UINT64_MAX);
    assert_int_equal(options.log_level, CONSOLE_DEBUG);
    assert_int_equal(options.rockets, 3);
    assert_int_equal(options.shuffle, 500);
    assert_true(options.duplicates == 0.25);
    assert_true(options.keep_alive && options.drop_launch && options.verify);
    options = read_launch(LAUNCH "--ca-file=a --token-file=b --insecure");
    assert_string_equal(options.access.ca_file, "a");
    assert_string_equal(options.access.token_file, "b");
    assert_true(options.access.insecure);
    options = read_launch("rockets launch " URL
                          " --verify --verify=false --keep-alive=true");
    assert_false(options.verify);
    assert_true(options.keep_alive);
}

static struct watch_options read_watch(const char *line)
{
    struct options options;
    char error[256];

    if (read_line(line, &options, error) != OPTIONS_WATCH)
        fail_msg("%s: %s", line, error);
    return options.watch;
}

static void every_flag_of_watch_is_read(void **state)
{
    struct watch_options options = read_watch("rockets watch " URL);

    (void)state;
    assert_string_equal(options.url, URL);
    assert_false(options.plain);
    assert_null(options.events);
    assert_int_equal(options.id_count, 0);
    assert_string_equal(options.sort, "speed");
    assert_string_equal(options.order, "desc");
    assert_true(options.interval == 0 && options.max_time == 0);
    assert_int_equal(options.max_events, 0);
    options =
        read_watch(WATCH "--plain --events=summary,rockets --id=a --id b "
                         "-id=a --sort=updatedAt --order=asc --interval=1.5s "
                         "--max-events=7 --max-time=1m");
    assert_true(options.plain);
    assert_string_equal(options.events, "summary,rockets");
    assert_int_equal(options.id_count, 3);
    assert_string_equal(options.ids[1], "b");
    assert_string_equal(options.sort, "updatedAt");
    assert_string_equal(options.order, "asc");
    assert_true(options.interval == INT64_C(1500000000));
    assert_int_equal(options.max_events, 7);
    assert_true(options.max_time == INT64_C(60000000000));
}

static void watch_takes_a_hundred_ids(void **state)
{
    static char name[] = "rockets", command[] = "watch", url[] = URL,
                id[] = "--id=x";
    char *words[WATCH_MAX_IDS + 4] = {name, command, url};
    struct options options;
    char error[256];
    const int count = 3 + WATCH_MAX_IDS;

    (void)state;
    for (int i = 3; i <= count; i++)
        words[i] = id;
    assert_int_equal(options_read(&options, count, words, error, sizeof(error)),
                     OPTIONS_WATCH);
    assert_int_equal(options.watch.id_count, WATCH_MAX_IDS);
    assert_int_equal(
        options_read(&options, count + 1, words, error, sizeof(error)),
        OPTIONS_INVALID);
    assert_string_equal(error, "--id: expected at most 100 ids");
}

/* What is wrong, and a part of the error. */
static const struct {
    const char *line;
    const char *part;
} ERRORS[] = {
    {"rockets", "rockets launch URL"},
    {"rockets lunch", "'lunch': unknown command"},
    {"rockets watch", "as in 'rockets watch http"},
    {"rockets watch localhost:8088", "http://"},
    {WATCH URL, "more than one URL; see 'rockets watch --help'"},
    {"rockets watch " URL "?limit=1", "without ? and #"},
    {"rockets watch " URL "#top", "without ? and #"},
    {WATCH "--verify", "--verify: unknown flag; see 'rockets watch --help'"},
    {WATCH "--sort", "--sort: expected a value; see 'rockets watch --help'"},
    {WATCH "--events=", "--events=: expected a list of rockets"},
    {WATCH "--events=launched,", "expected a list of rockets"},
    {WATCH "--events=launch", "expected a list of rockets"},
    {WATCH "--id=", "--id=: expected an id of 1 to 128 bytes"},
    {WATCH "--sort=size", "--sort=size: expected id, type, speed"},
    {WATCH "--order=up", "--order=up: expected asc or desc"},
    {WATCH "--interval=0", "a multiple of 100ms, from 100ms to 10s"},
    {WATCH "--interval=150ms", "--interval=150ms: expected a multiple"},
    {WATCH "--interval=10.1s", "--interval=10.1s: expected a multiple"},
    {WATCH "--interval=200", "--interval=200: expected a multiple"},
    {WATCH "--max-events=0", "--max-events=0: expected an integer from 1"},
    {WATCH "--max-time=5", "--max-time=5: expected a duration"},
    {"rockets launch", "missing URL"},
    {"rockets launch localhost:8088/messages", "http://"},
    {LAUNCH URL, "more than one URL"},
    {LAUNCH "--sed=1", "--sed: unknown flag; see 'rockets help'"},
    {LAUNCH "--seed", "--seed: expected a value"},
    {LAUNCH "--seed=-1", "--seed=-1: expected an integer"},
    {LAUNCH "--seed=", "--seed=: expected an integer"},
    {LAUNCH "--seed=18446744073709551616", "2^64-1"},
    {LAUNCH "--seed=1x", "--seed=1x: expected an integer"},
    {LAUNCH "--concurrency-level=0", "from 1 to 1000"},
    {LAUNCH "--concurrency-level=1001", "from 1 to 1000"},
    {LAUNCH "--max-messages=0", "from 1 to 100000000"},
    {LAUNCH "--rockets=0", "from 1 to 1000000"},
    {LAUNCH "--duplicates=1.1", "from 0 to 1"},
    {LAUNCH "--duplicates=-0.1", "from 0 to 1"},
    {LAUNCH "--duplicates=nan", "from 0 to 1"},
    {LAUNCH "--duplicates=.", "from 0 to 1"},
    {LAUNCH "--message-delay=500", "500ms"},
    {LAUNCH "--log-level=loud", "debug, info"},
    {LAUNCH "--verify=maybe", "true, false or no value"},
    {LAUNCH "--token=secret", "--token: every user of this machine sees"},
    {WATCH "--token secret",
     "--token-file=FILE, or the variable ROCKETS_TOKEN"},
    {LAUNCH "--token-file=", "--token-file=: expected a text"},
    {WATCH "--insecure=maybe", "true, false or no value"},
    {"rockets launch http://localhost:8088/ --verify", "/messages"},
};

static void errors_say_what_was_expected(void **state)
{
    struct options options;
    char error[256];

    (void)state;
    for (size_t i = 0; i < sizeof(ERRORS) / sizeof(ERRORS[0]); i++) {
        assert_int_equal(read_line(ERRORS[i].line, &options, error),
                         OPTIONS_INVALID);
        if (strstr(error, ERRORS[i].part) == NULL)
            fail_msg("%s: \"%s\" does not contain \"%s\"", ERRORS[i].line,
                     error, ERRORS[i].part);
        assert_null(strchr(error, '\n'));
    }
}

static void help_and_version_are_commands_and_flags(void **state)
{
    static const struct {
        const char *line;
        enum options_command command;
    } CASES[] = {
        {"rockets help", OPTIONS_HELP},
        {"rockets help launch", OPTIONS_HELP},
        {"rockets --help", OPTIONS_HELP},
        {"rockets -h", OPTIONS_HELP},
        {"rockets launch --help", OPTIONS_HELP},
        {LAUNCH "-h", OPTIONS_HELP},
        {"rockets help watch", OPTIONS_WATCH_HELP},
        {"rockets watch --help", OPTIONS_WATCH_HELP},
        {WATCH "-h", OPTIONS_WATCH_HELP},
        {"rockets version", OPTIONS_VERSION},
        {"rockets --version", OPTIONS_VERSION},
    };
    struct options options;
    char error[256];

    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++)
        assert_int_equal(read_line(CASES[i].line, &options, error),
                         CASES[i].command);
}

static void durations_are_read_as_in_go(void **state)
{
    static const struct {
        const char *text;
        int64_t nanoseconds; /* -1: refused */
    } CASES[] = {
        {"0", 0},
        {"0s", 0},
        {"1ns", 1},
        {"250us", 250000},
        {"250\u00b5s", 250000},
        {"250\u03bcs", 250000},
        {"500ms", 500000000},
        {"1s", INT64_C(1000000000)},
        {"1.5s", INT64_C(1500000000)},
        {"1.s", INT64_C(1000000000)},
        {".5s", INT64_C(500000000)},
        {"0.001s", 1000000},
        {"0.3s", INT64_C(300000000)},
        {"1.000000001s", INT64_C(1000000001)},
        {"1m30s", INT64_C(90000000000)},
        {"1h1m1s1ms1us1ns", INT64_C(3661001001001)},
        {"2m", INT64_C(120000000000)},
        {"2562047h", INT64_C(2562047) * 3600 * 1000000000},
        {"", -1},
        {"1", -1},
        {"s", -1},
        {".s", -1},
        {".", -1},
        {"-1s", -1},
        {"1x", -1},
        {"1s1", -1},
        {"1 s", -1},
        {"1.5.s", -1},
        {"1S", -1},
        {"500ms ", -1},
        {"+1s", -1},
        {"1e3s", -1},
        {"2562048h", -1},
        {"99999999999999999999s", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        int64_t nanoseconds = -1;
        bool valid = flags_duration(CASES[i].text, &nanoseconds);

        if (nanoseconds != CASES[i].nanoseconds || valid != (nanoseconds >= 0))
            fail_msg("\"%s\": %lld", CASES[i].text, (long long)nanoseconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_original),
        cmocka_unit_test(all_spellings_of_a_flag_are_the_same),
        cmocka_unit_test(every_flag_is_read),
        cmocka_unit_test(every_flag_of_watch_is_read),
        cmocka_unit_test(watch_takes_a_hundred_ids),
        cmocka_unit_test(errors_say_what_was_expected),
        cmocka_unit_test(help_and_version_are_commands_and_flags),
        cmocka_unit_test(durations_are_read_as_in_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
