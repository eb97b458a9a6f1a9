/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sources are read from the strongest to the weakest, as the flags and
 * variables say which file is read.
 */
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>

#include "arguments.h"
#include "base/text.h"
#include "config/table.h"
#include "draft.h"
#include "environment.h"
#include "file.h"
#include "pairs.h"
#include "values.h"

/* Read all sources. CONFIG_INVALID, what a switch asks for, or CONFIG_RUN. */
static enum config_result read_sources(struct config_draft *draft,
                                       const struct config_input *input)
{
    char *const *end = input->argv + input->argc;
    enum config_result result = config_arguments_read(
        draft, input->argc > 0 ? input->argv + 1 : end, end);

    if (result != CONFIG_RUN && !draft->tolerant)
        return result;
    return config_environment_read(draft, input->environment) &&
                   config_file_read(draft)
               ? CONFIG_RUN
               : CONFIG_INVALID;
}

/* Record the value that the machine decided. */
static void set_by_machine(struct config_draft *draft, struct text name,
                           unsigned index, uint64_t number)
{
    char *value = draft->report->by_machine[index];

    snprintf(value, sizeof(draft->report->by_machine[index]), "%ju",
             (uintmax_t)number);
    *config_draft_origin(draft, config_table_find(name)) =
        (struct config_origin){CONFIG_BY_MACHINE, 0, value};
}

/* Set what was not given to what the machine and its container allow. */
static void fit_to_machine(struct config_draft *draft,
                           const struct machine *machine)
{
    struct config *config = &draft->config;

    /* 0: no number is set. */
    if (config->threads == 0) {
        config->threads_by_machine = true;
        config->threads = machine->processors < CONFIG_MAX_THREADS
                              ? machine->processors
                              : CONFIG_MAX_THREADS;
        if (!config->per_connection)
            set_by_machine(draft, TEXT("threads"), 0, config->threads);
    }
    if (config->max_memory == 0) {
        uint64_t half = machine->memory / 2;
        config->memory_by_machine = true;
        if (half < CONFIG_MIN_MEMORY)
            half = CONFIG_MIN_MEMORY;
        config->max_memory = half < SIZE_MAX ? (size_t)half : SIZE_MAX;
        set_by_machine(draft, TEXT("max-memory"), 1, config->max_memory);
    }
}

/*
 * Set `*command` to the only one that is given, if any. False, with the error
 * set, if there are two.
 */
static bool find_command(struct config_draft *draft,
                         const struct config_option **command)
{
    char why[128];

    for (const struct config_option *at = config_table; at->name != NULL;
         at++) {
        const struct config_origin *origin = config_draft_origin(draft, at);
        if (at->result == CONFIG_RUN || origin->source != CONFIG_BY_FLAG)
            continue;
        if (*command != NULL) {
            snprintf(why, sizeof(why), "can't be combined with %s",
                     (*command)->flag);
            return config_draft_fail(draft, origin, at->flag, why);
        }
        *command = at;
    }
    return true;
}

/* Set the error to a fault of a setting. Always false. */
static bool fail_setting(struct config_draft *draft,
                         const struct config_fault *fault)
{
    const struct config_origin *origin =
        config_draft_origin(draft, fault->option);

    return config_draft_fail(draft, origin,
                             config_option_name(fault->option, origin->source),
                             fault->why);
}

/* Whether -print-config can print the settings. */
static bool check_print(struct config_draft *draft)
{
    char why[128];

    for (size_t i = 0; config_table[i].name != NULL; i++) {
        const char *value = draft->report->origins[i].value;
        const struct config_fault fault = {&config_table[i], why};
        const char *refused = NULL;
        if (config_table[i].variable != NULL && value != NULL)
            refused = config_file_refuses(value);
        if (refused == NULL)
            continue;
        snprintf(why, sizeof(why),
                 "no file of settings can have this value: it %s", refused);
        return fail_setting(draft, &fault);
    }
    return true;
}

/* Find out what is asked for, and whether the settings fit it. */
static enum config_result find_result(struct config_draft *draft)
{
    const struct config_option *command = NULL;
    struct config_fault fault;

    if (!find_command(draft, &command))
        return CONFIG_INVALID;
    if (!config_pairs_check(&draft->config, command, draft->report->origins,
                            &fault)) {
        fail_setting(draft, &fault);
        return CONFIG_INVALID;
    }
    enum config_result result = command != NULL ? command->result : CONFIG_RUN;
    return result != CONFIG_PRINT || check_print(draft) ? result
                                                        : CONFIG_INVALID;
}

/*
 * The format for an error in other settings: as far as it can be read, also
 * behind the error.
 */
static enum log_format find_log_format(const struct config_input *input)
{
    struct config_report ignored;
    struct config_draft draft;

    config_draft_init(&draft, &ignored);
    draft.tolerant = true;
    read_sources(&draft, input);
    config_report_release(&ignored);
    return draft.config.log_format;
}

enum config_result config_read(struct config *config,
                               const struct config_input *input,
                               struct config_report *report)
{
    struct config_draft draft;

    config_draft_init(&draft, report);
    enum config_result result = read_sources(&draft, input);
    if (result == CONFIG_RUN)
        result = find_result(&draft);
    if (result == CONFIG_INVALID)
        report->log_format = find_log_format(input);
    if (result == CONFIG_INVALID || result == CONFIG_HELP ||
        result == CONFIG_VERSION)
        return result;
    fit_to_machine(&draft, input->machine);
    *config = draft.config;
    return result;
}

bool config_check_sockets(const struct config *config, bool passes_tcp,
                          bool passes_unix, struct config_report *report)
{
    struct config_draft draft = {.config = *config, .report = report};
    struct config_fault fault;

    return config_pairs_check_sockets(config, passes_tcp, passes_unix,
                                      report->origins, &fault) ||
           fail_setting(&draft, &fault);
}

void config_report_release(struct config_report *report)
{
    free(report->text);
    report->text = NULL;
}

const char *config_version(void)
{
    return LUNAR_VERSION;
}
