/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each flag of flags.h ends its own row and starts the next one, so that
 * a title before it falls into its row, and the last row is empty.
 */
#include "config/table.h"

#include <string.h>

#include "access.h"
#include "flags.h"
#include "values.h"

/* clang-format off */
#define GROUP(title) .group = (title),
#define SETTING(name_, argument_, variable_, example_, initial_, fallback_,    \
                reader, expected_, text_)                                      \
    .kind = CONFIG_SETTING,                                                    \
    .name = (name_),                                                           \
    .flag = "-" name_,                                                         \
    .argument = "=" argument_,                                                 \
    .variable = (variable_),                                                   \
    .example = (example_),                                                     \
    .initial = (initial_),                                                     \
    .fallback = (fallback_),                                                   \
    .text = (text_),                                                           \
    .expected = (expected_),                                                   \
    .read = (reader),                                                          \
    .result = CONFIG_RUN}, {
#define CONSENT(name_, variable_, reader, expected_, text_)                    \
    .kind = CONFIG_CONSENT,                                                    \
    .name = (name_),                                                           \
    .flag = "-" name_,                                                         \
    .argument = "",                                                            \
    .variable = (variable_),                                                   \
    .example = "1",                                                            \
    .initial = "0",                                                            \
    .fallback = "no",                                                          \
    .text = (text_),                                                           \
    .expected = (expected_),                                                   \
    .read = (reader),                                                          \
    .result = CONFIG_RUN}, {
#define COMMAND_OF(kind_, name_, argument_, example_, reader, second_,         \
                   expected_, result_, text_)                                  \
    .kind = (kind_),                                                           \
    .name = (name_),                                                           \
    .flag = "-" name_,                                                         \
    .argument = (argument_),                                                   \
    .example = (example_),                                                     \
    .text = (text_),                                                           \
    .expected = (expected_),                                                   \
    .read = (reader),                                                          \
    .second = (second_),                                                       \
    .result = (result_)}, {
#define COMMAND(name, argument, example, reader, expected, result, text)       \
    COMMAND_OF(CONFIG_COMMAND, name, argument, example, reader, NULL,          \
               expected, result, text)
#define DOUBLE(name, argument, example, reader, second, expected, result,      \
               text)                                                           \
    COMMAND_OF(CONFIG_DOUBLE, name, argument, example, reader, second,         \
               expected, result, text)
#define SWITCH(name_, result_, text_)                                          \
    .kind = CONFIG_SWITCH,                                                     \
    .name = (name_),                                                           \
    .flag = "-" name_,                                                         \
    .argument = "",                                                            \
    .text = (text_),                                                           \
    .result = (result_)}, {

const struct config_option config_table[] = {{
    FLAGS(GROUP, SETTING, CONSENT, COMMAND, DOUBLE, SWITCH)
    .name = NULL}};
/* clang-format on */

_Static_assert(sizeof(config_table) / sizeof(config_table[0]) <=
                   CONFIG_MAX_OPTIONS,
               "CONFIG_MAX_OPTIONS is too small");

const struct config_option *config_table_find(struct text name)
{
    const struct config_option *option = config_table;

    while (option->name != NULL && !text_equal(name, text_of(option->name)))
        option++;
    return option->name != NULL ? option : NULL;
}

const char *config_table_default(const struct config_option *option)
{
    return option->fallback != NULL ? option->fallback : option->initial;
}

const char *config_table_name(size_t index)
{
    return config_table[index].name;
}

/* The row of a setting, or else the one without a name. */
static const struct config_option *setting_at(size_t index)
{
    const struct config_option *option = config_table;

    while (option->name != NULL && (option->variable == NULL || index-- > 0))
        option++;
    return option;
}

const char *config_table_setting(size_t index)
{
    return setting_at(index)->name;
}

const char *config_table_variable(size_t index)
{
    const char *variable = setting_at(index)->variable;

    return variable != NULL ? variable + strlen(CONFIG_VARIABLE_PREFIX) : NULL;
}

const char *config_option_name(const struct config_option *option,
                               enum config_source source)
{
    switch (source) {
    case CONFIG_BY_FLAG:
        return option->flag;
    case CONFIG_BY_VARIABLE:
        return option->variable;
    default:
        return option->name;
    }
}
