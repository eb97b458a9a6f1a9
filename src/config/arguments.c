/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flags are written -name=value or -name value, with one dash or two.
 */
#include "arguments.h"

#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/text.h"

static const struct config_origin by_flag = {.source = CONFIG_BY_FLAG};

struct words {
    char *const *next; /* arguments not parsed yet */
    char *const *end;
};

/* Suggest the nearest flag. */
static bool fail_unknown(struct config_draft *draft, const char *argument,
                         struct text name)
{
    const char *nearest = nearest_name(name, config_table_name);
    char flag[128];
    char why[128];

    snprintf(flag, sizeof(flag), "%.*s", (int)strcspn(argument, "="), argument);
    snprintf(why, sizeof(why), "unknown flag; %s%s%s-help lists the flags",
             nearest != NULL ? "did you mean -" : "",
             nearest != NULL ? nearest : "", nearest != NULL ? "? " : "");
    return config_draft_fail(draft, &by_flag, flag, why);
}

/*
 * The next argument, if it is a value: none starts with a dash, so such an
 * argument is another flag. Else NULL.
 */
static const char *take_value(struct words *words)
{
    if (words->next < words->end && **words->next != '-')
        return *words->next++;
    return NULL;
}

/* Say that an option has no value, or only one of two. */
static bool fail_missing(struct config_draft *draft,
                         const struct config_option *option)
{
    bool two = option->kind == CONFIG_DOUBLE;
    char why[128];

    snprintf(why, sizeof(why), "expected %s, as in %s%s%s",
             two ? "a name and scopes" : "a value", option->flag,
             two ? " " : "=", option->example);
    return config_draft_fail(draft, &by_flag, option->flag, why);
}

/* Read the second value of an option that has two, which has to come. */
static bool read_second(struct config_draft *draft, struct words *words,
                        const struct config_option *option, const char *first)
{
    const char *value = take_value(words);
    char what[128], why[128];

    if (value == NULL)
        return fail_missing(draft, option);
    if (option->second(value, &draft->config))
        return true;
    snprintf(what, sizeof(what), "%s %s %s", option->flag, first, value);
    snprintf(why, sizeof(why), "expected %s", option->expected);
    return config_draft_fail(draft, &by_flag, what, why);
}

/*
 * Read the value of an option: `value`, or the next argument if `value` is
 * NULL.
 */
static bool read_value(struct config_draft *draft, struct words *words,
                       const struct config_option *option, const char *value)
{
    if (option->kind != CONFIG_CONSENT) {
        if (value == NULL)
            value = take_value(words);
        if (value == NULL && option->example != NULL)
            return fail_missing(draft, option);
    }
    const struct config_origin from = {CONFIG_BY_FLAG, 0, value};
    return config_draft_set(draft, option, &from) &&
           (option->kind != CONFIG_DOUBLE ||
            read_second(draft, words, option, value));
}

/* Read the next argument. Sets `*result` if it is a switch. */
static bool read_argument(struct config_draft *draft, struct words *words,
                          enum config_result *result)
{
    const char *argument = *words->next++;
    if (*argument != '-')
        return config_draft_fail(
            draft, &by_flag, argument,
            "unexpected argument; flags start with '-', see -help");

    struct text rest = text_of(argument + (argument[1] == '-' ? 2 : 1));
    struct text name = text_split(&rest, '=');
    const struct config_option *option = config_table_find(name);
    if (option == NULL)
        return fail_unknown(draft, argument, name);
    /* `rest` ends with the argument, so it is NUL-terminated. */
    if (option->read != NULL &&
        !(option->kind == CONFIG_CONSENT && rest.data != NULL))
        return read_value(draft, words, option, rest.data);
    if (rest.data != NULL)
        return config_draft_fail(draft, &by_flag, argument,
                                 "this flag takes no value");
    if (option->kind == CONFIG_SWITCH)
        *result = option->result;
    return config_draft_set(draft, option, &by_flag);
}

enum config_result config_arguments_read(struct config_draft *draft,
                                         char *const *next, char *const *end)
{
    struct words words = {next, end};
    enum config_result result = CONFIG_RUN;

    while (words.next < words.end &&
           (draft->tolerant || result == CONFIG_RUN)) {
        if (!read_argument(draft, &words, &result) && !draft->tolerant)
            return CONFIG_INVALID;
    }
    return result;
}
