/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line. One table lists the flags. The parser, the environment
 * variables, the error texts and -help are all made from it, so that they
 * agree.
 */
#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/text.h"
#include "config_environment.h"
#include "config_values.h"

#define DEFAULT_HOST "127.0.0.1"
#define DEFAULT_PORT 8088
#define DEFAULT_MAX_CONNECTIONS 10000
#define DEFAULT_IDLE_TIMEOUT 10
#define DEFAULT_DRAIN 0
#define DEFAULT_LOG_LEVEL "info"
#define DEFAULT_LOG_FORMAT "text"

#define STRING_OF(token) #token
#define STRING(macro) STRING_OF(macro)

/* Starts a new line in the description of a flag. */
#define LINE "\n        "

/*
 * The flags, in the order of -help:
 *   VALUE(name, argument, variable, example, default, reader, expected, text)
 *   OPTIONAL(name, argument, reader, expected, text), with or without a value
 *   SWITCH(name, result, text)
 */
#define FLAGS(VALUE, OPTIONAL, SWITCH)                                         \
    VALUE("port", "N", "LUNAR_PORT", "9000", STRING(DEFAULT_PORT),             \
          config_read_port, "a number from 0 to 65535",                        \
          "Listen on this port; 0 picks a free one.")                          \
    VALUE("host", "ADDRESS", "LUNAR_HOST", DEFAULT_HOST, DEFAULT_HOST,         \
          config_read_host, "an address, as in 127.0.0.1, 0.0.0.0 or ::",      \
          "Listen on this address or host name. 0.0.0.0 is every IPv4" LINE    \
          "address, :: every IPv4 and IPv6 address." LINE                      \
          "WARNING: there is no authentication. Any client that can" LINE      \
          "reach the address can read and change everything.")                 \
    VALUE("allow-host", "NAME", "LUNAR_ALLOW_HOST", "rockets.example.org",     \
          "none", config_read_allow_host,                                      \
          "host names without ports, as in rockets.example.org,lunar.lan",     \
          "Accept these names as Host, separated by commas, besides" LINE      \
          "localhost and IP addresses; other names get status 421. A" LINE     \
          "proxy that passes Host on needs it. Without this flag any" LINE     \
          "name is accepted unless -host is a loopback address.")              \
    VALUE("allow-origin", "URL", "LUNAR_ALLOW_ORIGIN", "https://example.org",  \
          "none", config_read_allow_origin,                                    \
          "* or origins without a path, as in "                                \
          "https://example.org,http://localhost:3000",                         \
          "Let web pages of these origins, separated by commas, read and" LINE \
          "post (CORS); * is all. Pages of other sites can do neither.")       \
    VALUE("threads", "N", "LUNAR_THREADS", "4",                                \
          "one for each processor, or as many as the CPU affinity or" LINE     \
          "the CPU quota of the container allows",                             \
          config_read_threads, "a number from 1 to 256, or per-connection",    \
          "Run this many event loops, which share all connections." LINE       \
          "-threads=per-connection runs one thread per connection instead.")   \
    VALUE("max-connections", "N", "LUNAR_MAX_CONNECTIONS", "10000",            \
          STRING(DEFAULT_MAX_CONNECTIONS), config_read_max_connections,        \
          "a number from 16 to 1000000",                                       \
          "Maximum number of open connections. Near the maximum, idle" LINE    \
          "connections are closed.")                                           \
    VALUE(                                                                     \
        "idle-timeout", "SECONDS", "LUNAR_IDLE_TIMEOUT", "60",                 \
        STRING(DEFAULT_IDLE_TIMEOUT), config_read_idle_timeout,                \
        "a number of seconds from 1 to 3600",                                  \
        "Close a connection that has been idle for this time. Responses" LINE  \
        "announce it: Keep-Alive: timeout=SECONDS.")                           \
    VALUE("drain", "SECONDS", "LUNAR_DRAIN", "10", STRING(DEFAULT_DRAIN),      \
          config_read_drain, "a number of seconds from 0 to 3600",             \
          "At a signal to stop, serve for this time longer, while" LINE        \
          "/health/ready says 503, so that a load balancer sends" LINE         \
          "requests elsewhere first.")                                         \
    VALUE("max-memory", "BYTES", "LUNAR_MAX_MEMORY", "512M",                   \
          "half of the memory of the machine, or of the container's" LINE      \
          "limit",                                                             \
          config_read_max_memory,                                              \
          "a number of bytes, or of K, M or G, at least 1M",                   \
          "Maximum memory for rockets, as in 512M or 4G. A message that" LINE  \
          "needs more gets status 503.")                                       \
    VALUE("data", "DIR", "LUNAR_DATA", "/var/lib/lunar",                       \
          "none; the state is lost at the stop", config_read_data,             \
          "a folder, as in /var/lib/lunar, of at most 400 bytes",              \
          "Keep the state in this folder, which is made if missing. A" LINE    \
          "message is on the disk before it is acknowledged with 202.")        \
    VALUE("log-level", "LEVEL", "LUNAR_LOG_LEVEL", "debug", DEFAULT_LOG_LEVEL, \
          config_read_log_level, "error, warn, info or debug",                 \
          "Log on stderr up to this level: error, warn, info or debug." LINE   \
          "debug includes a line per request.")                                \
    VALUE("log-format", "FORMAT", "LUNAR_LOG_FORMAT", "json",                  \
          DEFAULT_LOG_FORMAT, config_read_log_format, "text or json",          \
          "Write a line of the log as text or as an object of JSON.")          \
    OPTIONAL("check-health", "URL", config_read_check_health,                  \
             "an http:// URL, as in http://127.0.0.1:8088/health/ready",       \
             "Do not serve: ask a service that runs, and exit with 0 if" LINE  \
             "it answers 200, else with 1. The URL is by default /health" LINE \
             "of the service that has the same -host and -port.")              \
    SWITCH("version", CONFIG_VERSION, "Print the version and exit.")           \
    SWITCH("help", CONFIG_HELP, "Print this text and exit.")                   \
    SWITCH("h", CONFIG_HELP, "The same as -help.")

static const struct option {
    const char *name;
    /* NULL for an option that needs no value. */
    const char *variable;
    const char *example;
    /* NULL for a switch, which takes none. `expected` follows "expected ". */
    bool (*read)(const char *value, struct config *config);
    const char *expected;
    enum config_result result; /* CONFIG_RUN: parse the next argument */
} options[] = {
#define VALUE(name, argument, variable, example, fallback, reader, expected,   \
              text)                                                            \
    {name, variable, example, reader, expected, CONFIG_RUN},
#define OPTIONAL(name, argument, reader, expected, text)                       \
    {name, NULL, NULL, reader, expected, CONFIG_RUN},
#define SWITCH(name, result, text) {name, NULL, NULL, NULL, NULL, result},
    FLAGS(VALUE, OPTIONAL, SWITCH)
#undef VALUE
#undef OPTIONAL
#undef SWITCH
};

enum { OPTION_COUNT = sizeof(options) / sizeof(options[0]) };

/* The state of the parser. */
struct reader {
    char *const *next; /* arguments not parsed yet */
    char *const *end;
    struct config config;
    bool given[OPTION_COUNT]; /* as a flag */
    struct config_report *report;
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
    snprintf(reader->report->error, sizeof(reader->report->error), "%s: %s",
             escaped, why);
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
    bool optional = option->example == NULL;
    snprintf(flag, sizeof(flag), "-%s", option->name);
    if (value == NULL && reader->next < reader->end && **reader->next != '-')
        value = *reader->next++;
    if (value == NULL && !optional) {
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

/* A variable's name without LUNAR_. Options that have none come last. */
static const char *variable_name(size_t index)
{
    if (index == OPTION_COUNT || options[index].variable == NULL)
        return NULL;
    return options[index].variable + strlen(CONFIG_VARIABLE_PREFIX);
}

/*
 * Read the variables of the options that were not given as flags. One that
 * Kubernetes has set for a service of its own is no setting.
 */
static enum config_result read_environment(struct reader *reader,
                                           char *const environment[])
{
    for (size_t i = 0; variable_name(i) != NULL; i++) {
        const struct option *option = &options[i];
        const char *entry =
            config_environment_find(environment, option->variable);
        if (entry == NULL || reader->given[i])
            continue;
        const char *value = strchr(entry, '=') + 1;
        if (config_environment_is_link(entry))
            config_environment_warn_link(entry, option->name, reader->report);
        else if (!option->read(value, &reader->config))
            return reader_fail_value(reader, option, option->variable, value);
    }
    config_environment_warn_unknown(environment, variable_name, reader->report);
    return CONFIG_RUN;
}

/* Values without flags; 0 if the default depends on the machine. */
static struct config default_config(void)
{
    struct config config = {
        .host = DEFAULT_HOST,
        .port = DEFAULT_PORT,
        .max_connections = DEFAULT_MAX_CONNECTIONS,
        .idle_timeout = DEFAULT_IDLE_TIMEOUT,
        .drain = DEFAULT_DRAIN,
    };
    log_level_of(TEXT(DEFAULT_LOG_LEVEL), &config.log_level);
    log_format_of(TEXT(DEFAULT_LOG_FORMAT), &config.log_format);
    return config;
}

/* Set what was not given to what the machine and its container allow. */
static void fit_to_machine(struct config *config, const struct machine *machine)
{
    if (config->threads == 0) {
        config->threads_by_machine = true;
        config->threads = machine->processors < CONFIG_MAX_THREADS
                              ? machine->processors
                              : CONFIG_MAX_THREADS;
    }
    if (config->max_memory == 0) {
        uint64_t half = machine->memory / 2;
        config->memory_by_machine = true;
        if (half < CONFIG_MIN_MEMORY)
            half = CONFIG_MIN_MEMORY;
        config->max_memory = half < SIZE_MAX ? (size_t)half : SIZE_MAX;
    }
}

static enum config_result read_settings(struct reader *reader,
                                        char *const environment[])
{
    while (reader->next < reader->end) {
        enum config_result result = read_argument(reader);
        if (result != CONFIG_RUN)
            return result;
    }
    return read_environment(reader, environment);
}

/*
 * The format for an error in other settings: of the arguments behind the error
 * as well, or else of the variable.
 */
static enum log_format find_log_format(struct reader *reader,
                                       char *const environment[])
{
    const struct option *option = find_option(TEXT("log-format"));
    struct config_report *report = reader->report;
    struct config_report ignored;

    assert(option != NULL);
    const char *entry = config_environment_find(environment, option->variable);
    reader->report = &ignored;
    while (reader->next < reader->end)
        read_argument(reader);
    reader->report = report;
    if (!reader->given[option - options] && entry != NULL)
        option->read(strchr(entry, '=') + 1, &reader->config);
    return reader->config.log_format;
}

enum config_result config_read(struct config *config,
                               const struct config_input *input,
                               struct config_report *report)
{
    char *const *arguments = input->argv;
    struct reader reader = {
        .next = input->argc > 0 ? arguments + 1 : arguments,
        .end = arguments + input->argc,
        .config = default_config(),
        .report = report,
    };
    *report = (struct config_report){0};
    enum config_result result = read_settings(&reader, input->environment);
    if (result == CONFIG_INVALID)
        report->log_format = find_log_format(&reader, input->environment);
    if (result != CONFIG_RUN)
        return result;
    fit_to_machine(&reader.config, input->machine);
    *config = reader.config;
    return config->check_health ? CONFIG_CHECK_HEALTH : CONFIG_RUN;
}

const char *config_help(void)
{
    return "Usage: lunar.service [flags]\n"
           "\n"
           "Receives the messages of rockets, out of order and more than "
           "once, and\n"
           "serves the state of every rocket over HTTP.\n"
           "\n"
           "Flags are written -name=value or -name value. If a flag is not "
           "given, its\n"
           "environment variable is used, unless that is empty.\n"
           "\n"
#define VALUE(name, argument, variable, example, fallback, reader, expected,   \
              text)                                                            \
    "  -" name "=" argument LINE text LINE "Default: " fallback                \
    ". Environment: " variable ".\n"
#define OPTIONAL(name, argument, reader, expected, text)                       \
    "  -" name "[=" argument "]" LINE text "\n"
#define SWITCH(name, result, text) "  -" name LINE text "\n"
        FLAGS(VALUE, OPTIONAL, SWITCH)
#undef VALUE
#undef OPTIONAL
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
            "SIGTERM, SIGINT and SIGHUP (but not under nohup) stop the service "
            "when requests\n"
            "in flight are answered, at most 5 seconds later. A second one "
            "ends it at once.\n"
            "With -drain it serves for that time before; then a second signal "
            "begins the\n"
            "stop, and a third one ends it at once.\n"
            "\n"
            "Exit status: 0 stopped by a signal; 1 could not run; 2 invalid "
            "flags or\n"
            "environment variables. With -check-health: 0 the response is 200; "
            "1 it is not.\n";
}

const char *config_version(void)
{
    return LUNAR_VERSION;
}
