/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line and the environment, read by the table of config_flags.h.
 */
#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/text.h"
#include "config_access.h"
#include "config_environment.h"
#include "config_pairs.h"
#include "config_table.h"
#include "config_values.h"

/* The state of the parser. */
struct reader {
    char *const *next; /* arguments not parsed yet */
    char *const *end;
    struct config config;
    bool given[CONFIG_MAX_OPTIONS]; /* as a flag */
    bool found[CONFIG_MAX_OPTIONS]; /* in the environment, and not given */
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
                                            const struct config_option *option,
                                            const char *name, const char *value)
{
    char what[128];
    char why[128];
    snprintf(what, sizeof(what), "%s=%s", name, value);
    snprintf(why, sizeof(why), "expected %s", option->expected);
    return reader_fail(reader, what, why);
}

/* Suggest the nearest flag. */
static enum config_result reader_fail_unknown(struct reader *reader,
                                              const char *argument,
                                              struct text name)
{
    const char *nearest = nearest_name(name, config_table_name);
    char flag[128];
    char why[128];
    snprintf(flag, sizeof(flag), "%.*s", (int)strcspn(argument, "="), argument);
    snprintf(why, sizeof(why), "unknown flag; %s%s%s-help lists the flags",
             nearest != NULL ? "did you mean -" : "",
             nearest != NULL ? nearest : "", nearest != NULL ? "? " : "");
    return reader_fail(reader, flag, why);
}

/*
 * The next argument, if it is a value: none starts with a dash, so such an
 * argument is another flag. Else NULL.
 */
static const char *take_value(struct reader *reader)
{
    if (reader->next < reader->end && **reader->next != '-')
        return *reader->next++;
    return NULL;
}

/* Say that an option has no value, or only one of two. */
static enum config_result
reader_fail_missing(struct reader *reader, const struct config_option *option)
{
    bool two = option->second != NULL;
    char why[128];

    snprintf(why, sizeof(why), "expected %s, as in %s%s%s",
             two ? "a name and scopes" : "a value", option->flag,
             two ? " " : "=", option->example);
    return reader_fail(reader, option->flag, why);
}

/* Read the second value of an option that has two, which has to come. */
static enum config_result read_second(struct reader *reader,
                                      const struct config_option *option,
                                      const char *first)
{
    const char *value = take_value(reader);
    char what[128], why[128];

    if (value == NULL)
        return reader_fail_missing(reader, option);
    if (option->second(value, &reader->config))
        return CONFIG_RUN;
    snprintf(what, sizeof(what), "%s %s %s", option->flag, first, value);
    snprintf(why, sizeof(why), "expected %s", option->expected);
    return reader_fail(reader, what, why);
}

/*
 * Read the value of an option: `value`, or the next argument if `value` is
 * NULL.
 */
static enum config_result read_value(struct reader *reader,
                                     const struct config_option *option,
                                     const char *value)
{
    if (value == NULL && option->kind != CONFIG_CONSENT)
        value = take_value(reader);
    if (value == NULL && option->example != NULL)
        return reader_fail_missing(reader, option);
    reader->given[option - config_table] = true;
    if (!option->read(value, &reader->config))
        return reader_fail_value(reader, option, option->flag, value);
    return option->second != NULL ? read_second(reader, option, value)
                                  : CONFIG_RUN;
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
    const struct config_option *option = config_table_find(name);
    if (option == NULL)
        return reader_fail_unknown(reader, argument, name);
    /* `rest` ends with the argument, so it is NUL-terminated. */
    if (option->read != NULL &&
        !(option->kind == CONFIG_CONSENT && rest.data != NULL))
        return read_value(reader, option, rest.data);
    if (rest.data != NULL)
        return reader_fail(reader, argument, "this flag takes no value");
    reader->given[option - config_table] = true;
    return option->kind == CONFIG_SWITCH ? option->result : CONFIG_RUN;
}

/* A variable's name without LUNAR_. Options that have none come last. */
static const char *variable_name(size_t index)
{
    if (config_table[index].name == NULL ||
        config_table[index].variable == NULL)
        return NULL;
    return config_table[index].variable + strlen(CONFIG_VARIABLE_PREFIX);
}

/*
 * Read the variables of the options that were not given as flags. One that
 * Kubernetes has set for a service of its own is no setting.
 */
static enum config_result read_environment(struct reader *reader,
                                           char *const environment[])
{
    for (size_t i = 0; variable_name(i) != NULL; i++) {
        const struct config_option *option = &config_table[i];
        const char *entry =
            config_environment_find(environment, option->variable);
        if (entry == NULL || reader->given[i])
            continue;
        const char *value = strchr(entry, '=') + 1;
        if (config_environment_is_link(entry)) {
            config_environment_warn_link(entry, option->name, reader->report);
            continue;
        }
        if (!option->read(value, &reader->config))
            return reader_fail_value(reader, option, option->variable, value);
        reader->found[i] = true;
    }
    config_environment_warn_unknown(environment, variable_name, reader->report);
    return CONFIG_RUN;
}

/* Values without flags; 0 if the default depends on the machine. */
static struct config default_config(void)
{
    struct config config = {0};

    for (size_t i = 0; config_table[i].name != NULL; i++) {
        if (config_table[i].initial != NULL)
            config_table[i].read(config_table[i].initial, &config);
    }
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

/* Set `*command` to the only one that is given, if any. */
static enum config_result find_command(struct reader *reader,
                                       const struct config_option **command)
{
    char why[128];

    for (size_t i = 0; config_table[i].name != NULL; i++) {
        if (!reader->given[i] || config_table[i].result == CONFIG_RUN)
            continue;
        if (*command != NULL) {
            snprintf(why, sizeof(why), "can't be combined with %s",
                     (*command)->flag);
            return reader_fail(reader, config_table[i].flag, why);
        }
        *command = &config_table[i];
    }
    return *command != NULL ? (*command)->result : CONFIG_RUN;
}

/* For config_pairs_check(). */
static const char *how_given(void *context, const char *flag)
{
    const struct reader *reader = context;
    const struct config_option *option = config_table_find(text_of(flag));

    assert(option != NULL);
    if (reader->given[option - config_table])
        return option->flag;
    return reader->found[option - config_table] ? option->variable : NULL;
}

/* Find out what is asked for, and whether the settings fit it. */
static enum config_result find_result(struct reader *reader)
{
    const struct config_option *command = NULL;
    enum config_result result = find_command(reader, &command);
    const struct config_given given = {reader, how_given};
    struct config_fault fault;

    if (result == CONFIG_INVALID ||
        config_pairs_check(&reader->config, result,
                           command != NULL ? command->flag : NULL, &given,
                           &fault))
        return result;
    return reader_fail(reader, fault.what, fault.why);
}

static enum config_result read_settings(struct reader *reader,
                                        char *const environment[])
{
    while (reader->next < reader->end) {
        enum config_result result = read_argument(reader);
        if (result != CONFIG_RUN)
            return result;
    }
    if (read_environment(reader, environment) == CONFIG_INVALID)
        return CONFIG_INVALID;
    return find_result(reader);
}

/*
 * The format for an error in other settings: of the arguments behind the error
 * as well, or else of the variable.
 */
static enum log_format find_log_format(struct reader *reader,
                                       char *const environment[])
{
    const struct config_option *option = config_table_find(TEXT("log-format"));
    struct config_report *report = reader->report;
    struct config_report ignored;

    assert(option != NULL);
    const char *entry = config_environment_find(environment, option->variable);
    reader->report = &ignored;
    while (reader->next < reader->end)
        read_argument(reader);
    reader->report = report;
    if (!reader->given[option - config_table] && entry != NULL)
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
    if (result == CONFIG_INVALID || result == CONFIG_HELP ||
        result == CONFIG_VERSION)
        return result;
    fit_to_machine(&reader.config, input->machine);
    *config = reader.config;
    return result;
}

const char *config_version(void)
{
    return LUNAR_VERSION;
}
