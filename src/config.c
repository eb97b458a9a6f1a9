/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line. One table lists the flags. The parser, the environment
 * variables, the error texts and -help are all made from it, so that they
 * agree.
 */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "base/text.h"
#include "http/site_policy.h"

#define DEFAULT_HOST "127.0.0.1"
#define DEFAULT_PORT 8088
#define DEFAULT_MAX_CONNECTIONS 10000
#define DEFAULT_IDLE_TIMEOUT 10
#define DEFAULT_LOG_LEVEL "info"

enum {
    MAX_THREADS = 256,
    MIN_CONNECTIONS = 16,
    MAX_CONNECTIONS = 1000000,
    MAX_IDLE_TIMEOUT = 3600, /* seconds */
    MIN_MEMORY = 1024 * 1024,
};

#define STRING_OF(token) #token
#define STRING(macro) STRING_OF(macro)

/* Starts a new line in the description of a flag. */
#define LINE "\n        "

/*
 * The flags, in the order of -help:
 *   VALUE(name, argument, variable, example, default, reader, expected, text)
 *   SWITCH(name, result, text)
 */
#define FLAGS(VALUE, SWITCH)                                                   \
    VALUE("port", "N", "LUNAR_PORT", "9000", STRING(DEFAULT_PORT), read_port,  \
          "a number from 0 to 65535",                                          \
          "Listen on this port; 0 picks a free one.")                          \
    VALUE("host", "ADDRESS", "LUNAR_HOST", DEFAULT_HOST, DEFAULT_HOST,         \
          read_host, "an address, as in 127.0.0.1, 0.0.0.0 or ::",             \
          "Listen on this address or host name. 0.0.0.0 is every IPv4" LINE    \
          "address, :: every IPv4 and IPv6 address." LINE                      \
          "WARNING: there is no authentication. Any client that can" LINE      \
          "reach the address can read and change everything.")                 \
    VALUE("allow-host", "NAME", "LUNAR_ALLOW_HOST", "rockets.example.org",     \
          "none", read_allow_host,                                             \
          "host names without ports, as in rockets.example.org,lunar.lan",     \
          "Accept these names as Host, separated by commas, besides" LINE      \
          "localhost and IP addresses; other names get status 421. A" LINE     \
          "proxy that passes Host on needs it. Without this flag any" LINE     \
          "name is accepted unless -host is a loopback address.")              \
    VALUE("allow-origin", "URL", "LUNAR_ALLOW_ORIGIN", "https://example.org",  \
          "none", read_allow_origin,                                           \
          "* or origins without a path, as in "                                \
          "https://example.org,http://localhost:3000",                         \
          "Let web pages of these origins, separated by commas, read and" LINE \
          "post (CORS); * is all. Pages of other sites can do neither.")       \
    VALUE("threads", "N", "LUNAR_THREADS", "4", "the number of cores",         \
          read_threads, "a number from 1 to 256, or per-connection",           \
          "Run this many event loops, which share all connections." LINE       \
          "-threads=per-connection runs one thread per connection instead.")   \
    VALUE("max-connections", "N", "LUNAR_MAX_CONNECTIONS", "10000",            \
          STRING(DEFAULT_MAX_CONNECTIONS), read_max_connections,               \
          "a number from 16 to 1000000",                                       \
          "Maximum number of open connections. Near the maximum, idle" LINE    \
          "connections are closed.")                                           \
    VALUE(                                                                     \
        "idle-timeout", "SECONDS", "LUNAR_IDLE_TIMEOUT", "60",                 \
        STRING(DEFAULT_IDLE_TIMEOUT), read_idle_timeout,                       \
        "a number of seconds from 1 to 3600",                                  \
        "Close a connection that has been idle for this time. Responses" LINE  \
        "announce it: Keep-Alive: timeout=SECONDS.")                           \
    VALUE("max-memory", "BYTES", "LUNAR_MAX_MEMORY", "512M",                   \
          "half of the machine's memory", read_max_memory,                     \
          "a number of bytes, or of K, M or G, at least 1M",                   \
          "Maximum memory for rockets, as in 512M or 4G. A message that" LINE  \
          "needs more gets status 503.")                                       \
    VALUE("log-level", "LEVEL", "LUNAR_LOG_LEVEL", "debug", DEFAULT_LOG_LEVEL, \
          read_log_level, "error, warn, info or debug",                        \
          "Log on stderr up to this level: error, warn, info or debug." LINE   \
          "debug includes a line per request.")                                \
    SWITCH("version", CONFIG_VERSION, "Print the version and exit.")           \
    SWITCH("help", CONFIG_HELP, "Print this text and exit.")                   \
    SWITCH("h", CONFIG_HELP, "The same as -help.")

static bool read_number(struct text digits, uint64_t min, uint64_t max,
                        uint64_t *number)
{
    return text_read_unsigned(digits, max, number) && *number >= min;
}

static bool read_port(const char *value, struct config *config)
{
    uint64_t port;
    if (!read_number(text_of(value), 0, UINT16_MAX, &port))
        return false;
    config->port = (uint16_t)port;
    return true;
}

static bool read_host(const char *value, struct config *config)
{
    config->host = value;
    return *value != '\0';
}

static bool read_allow_host(const char *value, struct config *config)
{
    config->allow_host = value;
    return site_policy_is_host_list(text_of(value));
}

static bool read_allow_origin(const char *value, struct config *config)
{
    config->allow_origin = value;
    return site_policy_is_origin_list(text_of(value));
}

static bool read_threads(const char *value, struct config *config)
{
    uint64_t threads = 0;
    config->per_connection = strcmp(value, "per-connection") == 0;
    if (!config->per_connection &&
        !read_number(text_of(value), 1, MAX_THREADS, &threads))
        return false;
    config->threads = (unsigned)threads;
    return true;
}

static bool read_max_connections(const char *value, struct config *config)
{
    uint64_t connections;
    if (!read_number(text_of(value), MIN_CONNECTIONS, MAX_CONNECTIONS,
                     &connections))
        return false;
    config->max_connections = (unsigned)connections;
    return true;
}

static bool read_idle_timeout(const char *value, struct config *config)
{
    uint64_t seconds;
    if (!read_number(text_of(value), 1, MAX_IDLE_TIMEOUT, &seconds))
        return false;
    config->idle_timeout = (unsigned)seconds;
    return true;
}

static unsigned suffix_shift(char suffix)
{
    switch (suffix) {
    case 'K':
        return 10;
    case 'M':
        return 20;
    case 'G':
        return 30;
    default:
        return 0;
    }
}

static bool read_max_memory(const char *value, struct config *config)
{
    struct text digits = text_of(value);
    unsigned shift = 0;
    if (digits.length > 0)
        shift = suffix_shift(digits.data[digits.length - 1]);
    if (shift > 0)
        digits.length--;
    uint64_t units;
    if (!read_number(digits, 0, SIZE_MAX >> shift, &units) ||
        units << shift < MIN_MEMORY)
        return false;
    config->max_memory = (size_t)(units << shift);
    return true;
}

static bool read_log_level(const char *value, struct config *config)
{
    return log_level_of(text_of(value), &config->log_level);
}

static const struct option {
    const char *name;
    const char *variable; /* this and the next three: NULL for a switch */
    const char *example;
    bool (*read)(const char *value, struct config *config);
    const char *expected;      /* follows "expected " */
    enum config_result result; /* CONFIG_RUN: parse the next argument */
} options[] = {
#define VALUE(name, argument, variable, example, fallback, reader, expected,   \
              text)                                                            \
    {name, variable, example, reader, expected, CONFIG_RUN},
#define SWITCH(name, result, text) {name, NULL, NULL, NULL, NULL, result},
    FLAGS(VALUE, SWITCH)
#undef VALUE
#undef SWITCH
};

enum { OPTION_COUNT = sizeof(options) / sizeof(options[0]) };

/* The state of the parser. */
struct reader {
    char *const *next; /* arguments not parsed yet */
    char *const *end;
    struct config config;
    bool given[OPTION_COUNT]; /* as a flag */
    char *error;
    size_t error_size;
};

/*
 * Set the error to `what`, escaped to keep it on one line, and `why`. Always
 * CONFIG_INVALID.
 */
static enum config_result reader_fail(struct reader *reader, const char *what,
                                      const char *why)
{
    char escaped[128];
    log_escape(text_of(what), escaped, sizeof(escaped));
    snprintf(reader->error, reader->error_size, "%s: %s", escaped, why);
    return CONFIG_INVALID;
}

/* The same for an invalid value of an option. */
static enum config_result reader_fail_value(struct reader *reader,
                                            const struct option *option,
                                            const char *name, const char *value)
{
    char what[128];
    char why[128];
    snprintf(what, sizeof(what), "%s=%s", name, value);
    snprintf(why, sizeof(why), "expected %s", option->expected);
    return reader_fail(reader, what, why);
}

static const char *option_name(size_t index)
{
    return index < OPTION_COUNT ? options[index].name : NULL;
}

/* Suggest the nearest flag. */
static enum config_result reader_fail_unknown(struct reader *reader,
                                              const char *argument,
                                              struct text name)
{
    const char *nearest = nearest_name(name, option_name);
    char flag[128];
    char why[128];
    snprintf(flag, sizeof(flag), "%.*s", (int)strcspn(argument, "="), argument);
    snprintf(why, sizeof(why), "unknown flag; %s%s%s-help lists the flags",
             nearest != NULL ? "did you mean -" : "",
             nearest != NULL ? nearest : "", nearest != NULL ? "? " : "");
    return reader_fail(reader, flag, why);
}

static const struct option *find_option(struct text name)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (text_equal(name, text_of(options[i].name)))
            return &options[i];
    }
    return NULL;
}

/*
 * Read the value of an option: `value`, or the next argument if `value` is
 * NULL. No value starts with a dash, so such an argument is another flag.
 */
static enum config_result read_value(struct reader *reader,
                                     const struct option *option,
                                     const char *value)
{
    char flag[64];
    snprintf(flag, sizeof(flag), "-%s", option->name);
    if (value == NULL && reader->next < reader->end && **reader->next != '-')
        value = *reader->next++;
    if (value == NULL) {
        char why[128];
        snprintf(why, sizeof(why), "expected a value, as in %s=%s", flag,
                 option->example);
        return reader_fail(reader, flag, why);
    }
    reader->given[option - options] = true;
    if (!option->read(value, &reader->config))
        return reader_fail_value(reader, option, flag, value);
    return CONFIG_RUN;
}

static enum config_result read_argument(struct reader *reader)
{
    const char *argument = *reader->next++;
    if (*argument != '-')
        return reader_fail(
            reader, argument,
            "unexpected argument; flags start with '-', see -help");

    struct text rest = text_of(argument + (argument[1] == '-' ? 2 : 1));
    struct text name = text_split(&rest, '=');
    const struct option *option = find_option(name);
    if (option == NULL)
        return reader_fail_unknown(reader, argument, name);
    /* `rest` ends with the argument, so it is NUL-terminated. */
    if (option->read != NULL)
        return read_value(reader, option, rest.data);
    if (rest.data != NULL)
        return reader_fail(reader, argument, "this flag takes no value");
    return option->result;
}

static const char *find_variable(char *const environment[], const char *name)
{
    size_t length = strlen(name);
    for (; environment != NULL && *environment != NULL; environment++) {
        if (strncmp(*environment, name, length) == 0 &&
            (*environment)[length] == '=')
            return *environment + length + 1;
    }
    return NULL;
}

/* Read the variables of the options that were not given as flags. */
static enum config_result read_environment(struct reader *reader,
                                           char *const environment[])
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &options[i];
        if (option->variable == NULL || reader->given[i])
            continue;
        const char *value = find_variable(environment, option->variable);
        if (value != NULL && !option->read(value, &reader->config))
            return reader_fail_value(reader, option, option->variable, value);
    }
    return CONFIG_RUN;
}

static unsigned machine_cores(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (cores < 1)
        return 1;
    return cores > MAX_THREADS ? MAX_THREADS : (unsigned)cores;
}

static size_t half_of_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    long page_size = sysconf(_SC_PAGESIZE);
    if (pages < 1 || page_size < 1 || pages > LONG_MAX / page_size)
        return SIZE_MAX / 2;
    size_t half = (size_t)pages * (size_t)page_size / 2;
    return half < MIN_MEMORY ? MIN_MEMORY : half;
}

/* Values without flags; 0 if the default depends on the machine. */
static struct config default_config(void)
{
    struct config config = {
        .host = DEFAULT_HOST,
        .port = DEFAULT_PORT,
        .max_connections = DEFAULT_MAX_CONNECTIONS,
        .idle_timeout = DEFAULT_IDLE_TIMEOUT,
    };
    log_level_of(TEXT(DEFAULT_LOG_LEVEL), &config.log_level);
    return config;
}

enum config_result config_read(struct config *config, int argc,
                               char *const argv[], char *const environment[],
                               char *error, size_t error_size)
{
    struct reader reader = {
        .next = argc > 0 ? argv + 1 : argv,
        .end = argv + argc,
        .config = default_config(),
        .error = error,
        .error_size = error_size,
    };
    while (reader.next < reader.end) {
        enum config_result result = read_argument(&reader);
        if (result != CONFIG_RUN)
            return result;
    }
    enum config_result result = read_environment(&reader, environment);
    if (result != CONFIG_RUN)
        return result;
    if (reader.config.threads == 0)
        reader.config.threads = machine_cores();
    if (reader.config.max_memory == 0)
        reader.config.max_memory = half_of_memory();
    *config = reader.config;
    return CONFIG_RUN;
}

const char *config_help(void)
{
    return "Usage: lunar.service [flags]\n"
           "\n"
           "Receives the messages of rockets, out of order and more than "
           "once, keeps the\n"
           "state of every rocket in memory and serves it over HTTP.\n"
           "\n"
           "Flags are written -name=value or -name value. If a flag is not "
           "given, its\n"
           "environment variable is used.\n"
           "\n"
#define VALUE(name, argument, variable, example, fallback, reader, expected,   \
              text)                                                            \
    "  -" name "=" argument LINE text LINE "Default: " fallback                \
    ". Environment: " variable ".\n"
#define SWITCH(name, result, text) "  -" name LINE text "\n"
        FLAGS(VALUE, SWITCH)
#undef VALUE
#undef SWITCH
            "\n"
            "Examples:\n"
            "  lunar.service -port=9000\n"
            "        Start the service on port 9000.\n"
            "  rockets launch http://localhost:9000/messages\n"
            "        Launch test rockets, which post their messages to it.\n"
            "  curl 'http://localhost:9000/rockets?sort=speed&order=desc'\n"
            "        List the rockets, the fastest first.\n"
            "\n"
            "To try the API in a browser, open /swagger on that port.\n"
            "\n"
            "Exit status: 0 stopped by a signal; 1 could not run; "
            "2 invalid flags.\n";
}

const char *config_version(void)
{
    return LUNAR_VERSION;
}
