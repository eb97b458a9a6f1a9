/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the command line and the environment. The arguments and the
 * variables of a case are each one string, split at its spaces.
 */
#include "lib/unit_check.h"

#include <unistd.h>

#include "config.h"

enum { MAX_WORDS = 12 };

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

/* The environment may be missing. */
static void defaults_are_as_documented(void **state)
{
    struct config config;
    char error[64] = "";
    char *nothing[] = {NULL};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t memory =
        (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);

    (void)state;
    assert_int_equal(
        config_read(&config, 0, nothing, NULL, error, sizeof(error)),
        CONFIG_RUN);
    assert_string_equal(config.host, "127.0.0.1");
    assert_int_equal(config.port, 8088);
    assert_null(config.allow_host);
    assert_null(config.allow_origin);
    assert_int_equal(config.max_connections, 10000);
    assert_int_equal(config.idle_timeout, 10);
    assert_int_equal(config.log_level, LOG_INFO);
    assert_false(config.per_connection);
    assert_int_equal(config.threads, cores > 256 ? 256 : cores);
    assert_int_equal(config.max_memory, memory / 2);
}

/* What the defaults would take from the machine. */
#define MACHINE " LUNAR_THREADS=7 LUNAR_MAX_MEMORY=7M"

/*
 * What differs from the defaults and MACHINE, as "port=9000 host=:: "; "help",
 * "version" or the error.
 */
static const char *outcome_of(enum config_result result,
                              const struct reading *reading)
{
    static char changes[256];
    const struct config *config = &reading->config;
    char *at = changes;

    if (result != CONFIG_RUN)
        assert_null(config->host); /* it is untouched */
    if (result == CONFIG_INVALID)
        return reading->error;
    if (result != CONFIG_RUN)
        return result == CONFIG_HELP ? "help" : "version";

    changes[0] = '\0';
    if (config->port != 8088)
        at += sprintf(at, "port=%u ", (unsigned)config->port);
    if (strcmp(config->host, "127.0.0.1") != 0)
        at += sprintf(at, "host=%s ", config->host);
    if (config->allow_host != NULL)
        at += sprintf(at, "hosts=%s ", config->allow_host);
    if (config->allow_origin != NULL)
        at += sprintf(at, "origins=%s ", config->allow_origin);
    if (config->per_connection)
        at += sprintf(at, "per-connection ");
    else if (config->threads != 7)
        at += sprintf(at, "threads=%u ", config->threads);
    if (config->max_connections != 10000)
        at += sprintf(at, "connections=%u ", config->max_connections);
    if (config->idle_timeout != 10)
        at += sprintf(at, "idle=%u ", config->idle_timeout);
    if (config->max_memory != 7 << 20)
        at += sprintf(at, "memory=%zu ", config->max_memory);
    if (config->log_level != LOG_INFO)
        sprintf(at, "level=%d ", (int)config->log_level);
    assert_in_range(config->threads, 1, 256);
    return changes;
}

#define PORT "expected a number from 0 to 65535"
#define THREADS "expected a number from 1 to 256, or per-connection"
#define CONNECTIONS "expected a number from 16 to 1000000"
#define SECONDS "expected a number of seconds from 1 to 3600"
#define MEMORY "expected a number of bytes, or of K, M or G, at least 1M"
#define LEVEL "expected error, warn, info or debug"
#define ADDRESS "expected an address, as in 127.0.0.1, 0.0.0.0 or ::"
#define HOSTS                                                                  \
    "expected host names without ports, as in rockets.example.org,lunar.lan"
#define ORIGINS                                                                \
    "expected * or origins without a path, as in "                             \
    "https://example.org,http://localhost:3000"
#define UNKNOWN(flag) flag ": unknown flag; -help lists the flags"
#define NEAREST(flag, nearest)                                                 \
    flag ": unknown flag; did you mean " nearest "? -help lists the flags"

#define REFUSED(argument, expected)                                            \
    {                                                                          \
        argument, "", argument ": " expected                                   \
    }

static const struct {
    const char *arguments, *variables;
    const char *outcome; /* as outcome_of() returns it */
} cases[] = {
    /* All spellings of a flag are equal; a later flag wins. */
    {"-port=9000", "", "port=9000 "},
    {"--port=9000", "", "port=9000 "},
    {"-port 9000", "", "port=9000 "},
    {"--port 9000", "", "port=9000 "},
    {"-port=1 -port=9000", "", "port=9000 "},
    {"-port=9000 -host=::", "", "port=9000 host=:: "},
    {"-host :: -port 9000", "", "port=9000 host=:: "},

    /* Every flag has a variable. */
    {"-port=1 -host=:: -threads=99 -max-connections=98 -max-memory=6M "
     "-log-level=debug -idle-timeout=9 -allow-host=a,b -allow-origin=http://a",
     "",
     "port=1 host=:: hosts=a,b origins=http://a threads=99 connections=98 "
     "idle=9 memory=6291456 level=3 "},
    {"",
     "LUNAR_PORT=1 LUNAR_HOST=:: LUNAR_THREADS=99 LUNAR_MAX_CONNECTIONS=98 "
     "LUNAR_MAX_MEMORY=6M LUNAR_LOG_LEVEL=debug LUNAR_IDLE_TIMEOUT=9 "
     "LUNAR_ALLOW_HOST=a LUNAR_ALLOW_ORIGIN=*",
     "port=1 host=:: hosts=a origins=* threads=99 connections=98 idle=9 "
     "memory=6291456 level=3 "},

    /* A flag overrides its variable, also an invalid one. */
    {"-port=2", "LUNAR_PORT=1 LUNAR_THREADS=99", "port=2 threads=99 "},
    {"-port=2", "LUNAR_PORT=abc", "port=2 "},
    {"", "PORT=1 LUNAR_PORTS=x LUNAR_POR=x MY_LUNAR_PORT=x", ""},

    /* Limits are inclusive. */
    {"-port=0 -max-connections=16", "", "port=0 connections=16 "},
    {"-port=65535 -max-connections=1000000", "",
     "port=65535 connections=1000000 "},
    {"-idle-timeout=1", "", "idle=1 "},
    {"-idle-timeout 3600", "", "idle=3600 "},
    {"-threads=1", "", "threads=1 "},
    {"-threads=256", "", "threads=256 "},
    {"-threads=per-connection", "", "per-connection "},
    {"-threads=per-connection -threads=99", "", "threads=99 "},
    {"-threads=99 -threads per-connection", "", "per-connection "},
    {"-max-memory=1048576", "", "memory=1048576 "},
    {"-max-memory=1048577", "", "memory=1048577 "},
    {"-max-memory=1024K", "", "memory=1048576 "},
    {"-max-memory=1M", "", "memory=1048576 "},
    {"-max-memory=512M", "", "memory=536870912 "},
    {"-max-memory=4G", "", "memory=4294967296 "},
    {"-max-memory=18446744073709551615", "", "memory=18446744073709551615 "},
    {"-max-memory=17179869183G", "", "memory=18446744072635809792 "},

    /* Arguments after help or version are ignored. */
    {"-help", "LUNAR_PORT=abc", "help"},
    {"--help", "", "help"},
    {"-h", "", "help"},
    {"-version", "LUNAR_PORT=abc", "version"},
    {"--version", "", "version"},
    {"-port=1 -help", "", "help"},
    {"-version -help", "", "version"},
    {"-help -version", "", "help"},
    {"-help -foo extra", "", "help"},

    /* The error of a bad value says what is expected. */
    REFUSED("-port=70000", PORT),
    REFUSED("-port=65536", PORT),
    REFUSED("-port=", PORT),
    REFUSED("-port=abc", PORT),
    REFUSED("-port=+1", PORT),
    REFUSED("-port=-1", PORT),
    REFUSED("-port=1x", PORT),
    REFUSED("-port=0x10", PORT),
    REFUSED("-port=18446744073709551617", PORT),
    REFUSED("-host=", ADDRESS),
    REFUSED("-allow-host=", HOSTS),
    REFUSED("-allow-host=*", HOSTS),
    REFUSED("-allow-host=a:80", HOSTS),
    REFUSED("-allow-origin=", ORIGINS),
    REFUSED("-allow-origin=example.org", ORIGINS),
    REFUSED("-allow-origin=http://a/", ORIGINS),
    REFUSED("-allow-origin=http://a,*", ORIGINS),
    REFUSED("-threads=0", THREADS),
    REFUSED("-threads=257", THREADS),
    REFUSED("-threads=per-core", THREADS),
    REFUSED("-max-connections=15", CONNECTIONS),
    REFUSED("-max-connections=1000001", CONNECTIONS),
    REFUSED("-idle-timeout=0", SECONDS),
    REFUSED("-idle-timeout=3601", SECONDS),
    REFUSED("-idle-timeout=10s", SECONDS),
    REFUSED("-idle-timeout=", SECONDS),
    REFUSED("-max-memory=1048575", MEMORY),
    REFUSED("-max-memory=1023K", MEMORY),
    REFUSED("-max-memory=0", MEMORY),
    REFUSED("-max-memory=0G", MEMORY),
    REFUSED("-max-memory=1", MEMORY),
    REFUSED("-max-memory=M", MEMORY),
    REFUSED("-max-memory=", MEMORY),
    REFUSED("-max-memory=1m", MEMORY),
    REFUSED("-max-memory=1MB", MEMORY),
    REFUSED("-max-memory=1.5G", MEMORY),
    REFUSED("-max-memory=-1M", MEMORY),
    REFUSED("-max-memory=1T", MEMORY),
    REFUSED("-max-memory=18446744073709551616", MEMORY),
    REFUSED("-max-memory=18446744073709551625", MEMORY),
    REFUSED("-max-memory=17179869184G", MEMORY),
    REFUSED("-max-memory=17179869185G", MEMORY),
    REFUSED("-max-memory=99999999999999999999999G", MEMORY),
    REFUSED("-log-level=all", LEVEL),

    /* The error of a bad argument says how to write it. */
    {"--port 70000", "", "-port=70000: " PORT},
    {"-port=1 -port=x", "", "-port=x: " PORT},
    {"-port=x -port=1", "", "-port=x: " PORT},
    {"", "LUNAR_PORT=abc", "LUNAR_PORT=abc: " PORT},
    {"", "LUNAR_PORT=", "LUNAR_PORT=: " PORT},
    {"-host=::", "LUNAR_THREADS=0", "LUNAR_THREADS=0: " THREADS},
    {"-port", "", "-port: expected a value, as in -port=9000"},
    {"--max-memory", "",
     "-max-memory: expected a value, as in -max-memory=512M"},
    {"-host -port=1", "", "-host: expected a value, as in -host=127.0.0.1"},
    {"extra", "",
     "extra: unexpected argument; flags start with '-', see -help"},
    {"-port 1 2", "",
     "2: unexpected argument; flags start with '-', see -help"},
    {"-help=1", "", "-help=1: this flag takes no value"},

    /* The error of an unknown flag suggests the nearest. */
    {"-prot", "", NEAREST("-prot", "-port")},
    {"--prot=80", "", NEAREST("--prot", "-port")},
    {"-ports", "", NEAREST("-ports", "-port")},
    {"-hots", "", NEAREST("-hots", "-host")},
    {"-thread=2", "", NEAREST("-thread", "-threads")},
    {"-max-conns", "", NEAREST("-max-conns", "-max-connections")},
    {"-loglevel=info", "", NEAREST("-loglevel", "-log-level")},
    {"-Port=1", "", NEAREST("-Port", "-port")},
    {"-versoin", "", NEAREST("-versoin", "-version")},
    {"-x", "", UNKNOWN("-x")},
    {"-foo", "", UNKNOWN("-foo")},
    {"-", "", UNKNOWN("-")},
    {"--", "", UNKNOWN("--")},
    {"-=1", "", UNKNOWN("-")},
    {"-foo -help", "", UNKNOWN("-foo")},
};

static void arguments_and_variables_give_the_expected_config(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reading reading;
        char variables[256];

        snprintf(variables, sizeof(variables), "%s" MACHINE,
                 cases[i].variables);
        enum config_result result =
            read_words(&reading, cases[i].arguments, variables);
        assert_string_equal(outcome_of(result, &reading), cases[i].outcome);
    }
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
        "  -allow-host=NAME\n",
        "Default: none. Environment: LUNAR_ALLOW_HOST.\n",
        "  -allow-origin=URL\n",
        "Default: none. Environment: LUNAR_ALLOW_ORIGIN.\n",
        "  -threads=N\n",
        "per-connection",
        "Environment: LUNAR_THREADS.\n",
        "  -max-connections=N\n",
        "Default: 10000. Environment: LUNAR_MAX_CONNECTIONS.\n",
        "  -idle-timeout=SECONDS\n",
        "Default: 10. Environment: LUNAR_IDLE_TIMEOUT.\n",
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
        cmocka_unit_test(arguments_and_variables_give_the_expected_config),
        cmocka_unit_test(error_is_one_short_line),
        cmocka_unit_test(help_describes_every_flag),
        cmocka_unit_test(version_is_that_of_the_build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
