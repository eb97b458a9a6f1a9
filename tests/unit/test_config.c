/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the command line and the environment. The arguments and the
 * variables of a case are each one string, split at its spaces.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { MAX_WORDS = 8 };

/* A command line and an environment, and the result of reading them. */
struct reading {
    char arguments[512], variables[256];
    char *argv[MAX_WORDS + 2];
    char *environment[MAX_WORDS + 1];
    struct config config;
    char error[256];
};

/* Split `words` in place at its spaces into `list`, which ends with NULL. */
static int split_words(char *words, char **list)
{
    int count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(words, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        assert_true(count < MAX_WORDS);
        list[count++] = word;
    }
    list[count] = NULL;
    return count;
}

/* `reading` must outlive its config, which points into `reading`. */
static enum config_result read_words(struct reading *reading,
                                     const char *arguments,
                                     const char *variables)
{
    static char program[] = "lunar.service";
    memset(reading, 0, sizeof(*reading));
    snprintf(reading->arguments, sizeof(reading->arguments), "%s", arguments);
    snprintf(reading->variables, sizeof(reading->variables), "%s", variables);
    reading->argv[0] = program;
    int count = split_words(reading->arguments, reading->argv + 1);
    split_words(reading->variables, reading->environment);
    return config_read(&reading->config, count + 1, reading->argv,
                       reading->environment, reading->error,
                       sizeof(reading->error));
}

static void read_valid(struct reading *reading, const char *arguments,
                       const char *variables)
{
    enum config_result result = read_words(reading, arguments, variables);
    assert_string_equal(reading->error, "");
    assert_int_equal(result, CONFIG_RUN);
}

static void defaults_are_as_documented(void **state)
{
    (void)state;
    struct reading reading;
    read_valid(&reading, "", "");
    assert_string_equal(reading.config.host, "127.0.0.1");
    assert_int_equal(reading.config.port, 8088);
    assert_int_equal(reading.config.max_connections, 10000);
    assert_int_equal(reading.config.log_level, LOG_INFO);
    assert_false(reading.config.per_connection);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    assert_int_equal(reading.config.threads, cores > 256 ? 256 : cores);
    size_t memory =
        (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    assert_int_equal(reading.config.max_memory, memory / 2);
}

static void environment_may_be_missing(void **state)
{
    (void)state;
    struct config config;
    char error[64] = "";
    char *nothing[] = {NULL};
    assert_int_equal(
        config_read(&config, 0, nothing, NULL, error, sizeof(error)),
        CONFIG_RUN);
    assert_int_equal(config.port, 8088);
}

static void all_spellings_of_a_flag_are_equal(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "-port=9000",          "--port=9000",         "-port 9000",
        "--port 9000",         "-port=1 -port=9000", /* a later flag wins */
        "-port=9000 -host=::", "-host :: -port 9000",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reading reading;
        read_valid(&reading, cases[i], "");
        assert_int_equal(reading.config.port, 9000);
    }
}

static void every_flag_has_a_variable(void **state)
{
    (void)state;
    static const struct {
        const char *arguments;
        const char *variables;
    } cases[] = {
        {"-port=1 -host=:: -threads=3 -max-connections=99 -max-memory=7M "
         "-log-level=debug",
         ""},
        {"", "LUNAR_PORT=1 LUNAR_HOST=:: LUNAR_THREADS=3 "
             "LUNAR_MAX_CONNECTIONS=99 LUNAR_MAX_MEMORY=7M "
             "LUNAR_LOG_LEVEL=debug"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reading reading;
        read_valid(&reading, cases[i].arguments, cases[i].variables);
        assert_int_equal(reading.config.port, 1);
        assert_string_equal(reading.config.host, "::");
        assert_int_equal(reading.config.threads, 3);
        assert_int_equal(reading.config.max_connections, 99);
        assert_int_equal(reading.config.max_memory, 7 << 20);
        assert_int_equal(reading.config.log_level, LOG_DEBUG);
    }
}

static void flags_override_variables(void **state)
{
    (void)state;
    struct reading reading;
    read_valid(&reading, "-port=2", "LUNAR_PORT=1 LUNAR_THREADS=3");
    assert_int_equal(reading.config.port, 2);
    assert_int_equal(reading.config.threads, 3);
    /* A flag makes an invalid variable harmless. */
    read_valid(&reading, "-port=2", "LUNAR_PORT=abc");
    assert_int_equal(reading.config.port, 2);
    /* Variables of other names are ignored. */
    read_valid(&reading, "",
               "PORT=1 LUNAR_PORTS=x LUNAR_POR=x MY_LUNAR_PORT=x");
    assert_int_equal(reading.config.port, 8088);
}

static void threads_are_a_number_or_per_connection(void **state)
{
    (void)state;
    static const struct {
        const char *arguments;
        unsigned threads; /* 0: any number from 1 */
        bool per_connection;
    } cases[] = {
        {"-threads=1", 1, false},
        {"-threads=256", 256, false},
        {"-threads=per-connection", 0, true},
        {"-threads=per-connection -threads=2", 2, false},
        {"-threads=2 -threads per-connection", 0, true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reading reading;
        read_valid(&reading, cases[i].arguments, "");
        assert_int_equal(reading.config.per_connection,
                         cases[i].per_connection);
        assert_true(reading.config.threads >= 1);
        if (cases[i].threads > 0)
            assert_int_equal(reading.config.threads, cases[i].threads);
    }
}

static void memory_has_a_unit(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        size_t bytes; /* 0: refused */
    } cases[] = {
        {"1048576", 1048576},
        {"1048577", 1048577},
        {"1024K", 1048576},
        {"1M", 1048576},
        {"512M", (size_t)512 << 20},
        {"4G", (size_t)4 << 30},
        {"18446744073709551615", SIZE_MAX},
        {"17179869183G", (size_t)17179869183 << 30},
        {"1048575", 0},
        {"1023K", 0},
        {"0", 0},
        {"0G", 0},
        {"1", 0},
        {"M", 0},
        {"", 0},
        {"1m", 0},
        {"1MB", 0},
        {"1 M", 0},
        {"1.5G", 0},
        {"-1M", 0},
        {"1T", 0},
        {"18446744073709551616", 0},
        {"18446744073709551625", 0},
        {"17179869184G", 0},
        {"17179869185G", 0},
        {"99999999999999999999999G", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct config config;
        char error[256] = "";
        char flag[64];
        snprintf(flag, sizeof(flag), "-max-memory=%s", cases[i].value);
        char *argv[] = {flag, flag, NULL};
        enum config_result result =
            config_read(&config, 2, argv, NULL, error, sizeof(error));
        if (cases[i].bytes == 0) {
            assert_int_equal(result, CONFIG_INVALID);
            continue;
        }
        assert_int_equal(result, CONFIG_RUN);
        assert_int_equal(config.max_memory, cases[i].bytes);
    }
}

static void bounds_are_inclusive(void **state)
{
    (void)state;
    struct reading reading;
    read_valid(&reading, "-port=0 -max-connections=16", "");
    assert_int_equal(reading.config.port, 0);
    assert_int_equal(reading.config.max_connections, 16);
    read_valid(&reading, "-port=65535 -max-connections=1000000", "");
    assert_int_equal(reading.config.port, 65535);
    assert_int_equal(reading.config.max_connections, 1000000);
}

#define PORT "expected a number from 0 to 65535"
#define THREADS "expected a number from 1 to 256, or per-connection"
#define CONNECTIONS "expected a number from 16 to 1000000"
#define MEMORY "expected a number of bytes, or of K, M or G, at least 1M"
#define LEVEL "expected error, warn, info or debug"
#define ADDRESS "expected an address, as in 127.0.0.1, 0.0.0.0 or ::"
#define UNKNOWN "unknown flag; "
#define LISTS "-help lists the flags"

struct error_case {
    const char *arguments;
    const char *variables;
    const char *error;
};

static void check_errors(const struct error_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct reading reading;
        enum config_result result =
            read_words(&reading, cases[i].arguments, cases[i].variables);
        assert_string_equal(reading.error, cases[i].error);
        assert_int_equal(result, CONFIG_INVALID);
        /* On failure the result is untouched. */
        assert_null(reading.config.host);
    }
}

static void error_of_a_bad_value_says_what_is_expected(void **state)
{
    (void)state;
    static const struct error_case cases[] = {
        {"-port=70000", "", "-port=70000: " PORT},
        {"-port=65536", "", "-port=65536: " PORT},
        {"--port 70000", "", "-port=70000: " PORT},
        {"-port=", "", "-port=: " PORT},
        {"-port=abc", "", "-port=abc: " PORT},
        {"-port=+1", "", "-port=+1: " PORT},
        {"-port=-1", "", "-port=-1: " PORT},
        {"-port=1x", "", "-port=1x: " PORT},
        {"-port=0x10", "", "-port=0x10: " PORT},
        {"-port=18446744073709551617", "", "-port=18446744073709551617: " PORT},
        {"-port=1 -port=x", "", "-port=x: " PORT},
        {"-port=x -port=1", "", "-port=x: " PORT},
        {"-host=", "", "-host=: " ADDRESS},
        {"-threads=0", "", "-threads=0: " THREADS},
        {"-threads=257", "", "-threads=257: " THREADS},
        {"-threads=per-core", "", "-threads=per-core: " THREADS},
        {"-max-connections=15", "", "-max-connections=15: " CONNECTIONS},
        {"-max-connections=1000001", "",
         "-max-connections=1000001: " CONNECTIONS},
        {"-max-memory=1", "", "-max-memory=1: " MEMORY},
        {"-log-level=all", "", "-log-level=all: " LEVEL},
        {"", "LUNAR_PORT=abc", "LUNAR_PORT=abc: " PORT},
        {"", "LUNAR_PORT=", "LUNAR_PORT=: " PORT},
        {"-host=::", "LUNAR_THREADS=0", "LUNAR_THREADS=0: " THREADS},
    };
    check_errors(cases, COUNT(cases));
}

static void error_of_a_bad_argument_says_how_to_write_it(void **state)
{
    (void)state;
    static const struct error_case cases[] = {
        {"-port", "", "-port: expected a value, as in -port=9000"},
        {"--max-memory", "",
         "-max-memory: expected a value, as in -max-memory=512M"},
        {"-host -port=1", "", "-host: expected a value, as in -host=127.0.0.1"},
        {"extra", "",
         "extra: unexpected argument; flags start with '-', see -help"},
        {"-port 1 2", "",
         "2: unexpected argument; flags start with '-', see -help"},
        {"-help=1", "", "-help=1: this flag takes no value"},
    };
    check_errors(cases, COUNT(cases));
}

static void error_of_an_unknown_flag_suggests_the_nearest(void **state)
{
    (void)state;
    static const struct error_case cases[] = {
        {"-prot", "", "-prot: " UNKNOWN "did you mean -port? " LISTS},
        {"--prot=80", "", "--prot: " UNKNOWN "did you mean -port? " LISTS},
        {"-ports", "", "-ports: " UNKNOWN "did you mean -port? " LISTS},
        {"-hots", "", "-hots: " UNKNOWN "did you mean -host? " LISTS},
        {"-thread=2", "", "-thread: " UNKNOWN "did you mean -threads? " LISTS},
        {"-max-conns", "",
         "-max-conns: " UNKNOWN "did you mean -max-connections? " LISTS},
        {"-loglevel=info", "",
         "-loglevel: " UNKNOWN "did you mean -log-level? " LISTS},
        {"-Port=1", "", "-Port: " UNKNOWN "did you mean -port? " LISTS},
        {"-versoin", "", "-versoin: " UNKNOWN "did you mean -version? " LISTS},
        {"-x", "", "-x: " UNKNOWN LISTS},
        {"-foo", "", "-foo: " UNKNOWN LISTS},
        {"-", "", "-: " UNKNOWN LISTS},
        {"--", "", "--: " UNKNOWN LISTS},
        {"-=1", "", "-: " UNKNOWN LISTS},
        {"-foo -help", "", "-foo: " UNKNOWN LISTS},
    };
    check_errors(cases, COUNT(cases));
}

static void error_is_one_short_line(void **state)
{
    (void)state;
    struct config config;
    char error[160];
    char newline[] = "-po\nrt";
    char longest[600];
    memset(longest, 'x', sizeof(longest));
    longest[0] = '-';
    longest[sizeof(longest) - 1] = '\0';
    char *arguments[] = {newline, longest};
    for (size_t i = 0; i < COUNT(arguments); i++) {
        char *argv[] = {arguments[i], arguments[i], NULL};
        memset(error, '#', sizeof(error));
        assert_int_equal(
            config_read(&config, 2, argv, NULL, error, sizeof(error)),
            CONFIG_INVALID);
        assert_non_null(memchr(error, '\0', sizeof(error)));
        assert_null(strchr(error, '\n'));
    }
    char empty[] = "";
    char *argv[] = {empty, empty, NULL};
    assert_int_equal(config_read(&config, 2, argv, NULL, error, 12),
                     CONFIG_INVALID);
    assert_string_equal(error, ": unexpecte");
}

static void arguments_after_help_or_version_are_ignored(void **state)
{
    (void)state;
    static const struct {
        const char *arguments;
        enum config_result result;
    } cases[] = {
        {"-help", CONFIG_HELP},
        {"--help", CONFIG_HELP},
        {"-h", CONFIG_HELP},
        {"-version", CONFIG_VERSION},
        {"--version", CONFIG_VERSION},
        {"-port=1 -help", CONFIG_HELP},
        {"-version -help", CONFIG_VERSION},
        {"-help -version", CONFIG_HELP},
        {"-help -foo extra", CONFIG_HELP},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reading reading;
        assert_int_equal(
            read_words(&reading, cases[i].arguments, "LUNAR_PORT=abc"),
            cases[i].result);
        assert_null(reading.config.host);
    }
}

static void help_describes_every_flag(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "Usage: lunar.service [flags]\n",
        "  -port=N\n",
        "Default: 8088. Environment: LUNAR_PORT.\n",
        "  -host=ADDRESS\n",
        "Default: 127.0.0.1. Environment: LUNAR_HOST.\n",
        "no authentication",
        "  -threads=N\n",
        "per-connection",
        "Environment: LUNAR_THREADS.\n",
        "  -max-connections=N\n",
        "Default: 10000. Environment: LUNAR_MAX_CONNECTIONS.\n",
        "  -max-memory=BYTES\n",
        "Environment: LUNAR_MAX_MEMORY.\n",
        "  -log-level=LEVEL\n",
        "Default: info. Environment: LUNAR_LOG_LEVEL.\n",
        "  -version\n",
        "  -help\n",
        "lunar.service -port=9000\n",
        "rockets launch http://localhost:9000/messages\n",
        "curl 'http://localhost:9000/rockets?sort=speed&order=desc'\n",
        "/swagger on that port.",
        "Exit status: 0",
    };
    const char *help = config_help();
    for (size_t i = 0; i < COUNT(parts); i++)
        assert_non_null(strstr(help, parts[i]));
    for (const char *line = help; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        assert_true(length <= 79);
        line += length + 1;
    }
    assert_int_equal(help[strlen(help) - 1], '\n');
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
        cmocka_unit_test(environment_may_be_missing),
        cmocka_unit_test(all_spellings_of_a_flag_are_equal),
        cmocka_unit_test(every_flag_has_a_variable),
        cmocka_unit_test(flags_override_variables),
        cmocka_unit_test(threads_are_a_number_or_per_connection),
        cmocka_unit_test(memory_has_a_unit),
        cmocka_unit_test(bounds_are_inclusive),
        cmocka_unit_test(error_of_a_bad_value_says_what_is_expected),
        cmocka_unit_test(error_of_a_bad_argument_says_how_to_write_it),
        cmocka_unit_test(error_of_an_unknown_flag_suggests_the_nearest),
        cmocka_unit_test(error_is_one_short_line),
        cmocka_unit_test(arguments_after_help_or_version_are_ignored),
        cmocka_unit_test(help_describes_every_flag),
        cmocka_unit_test(version_is_that_of_the_build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
