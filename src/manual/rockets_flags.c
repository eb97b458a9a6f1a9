/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flags of `rockets`, from its tables.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "manual.h"
#include "options.h"

enum { MAX_FLAGS = 32, MAX_ARGUMENT = 16, MAX_TEXT = 512 };

/* A limit above is too low: fail the build, in a release as well. */
static void check(bool fits)
{
    if (!fits)
        abort();
}

static enum manual_value value_of(const struct flag *flag)
{
    if (flag->argument == NULL)
        return MANUAL_NONE;
    if (strcmp(flag->argument, "FILE") == 0)
        return MANUAL_FILE;
    if (flag->choices == NULL)
        return MANUAL_ANY;
    return strcmp(flag->argument, "LIST") == 0 ? MANUAL_LIST : MANUAL_CHOICE;
}

/* Make a sentence of a text, unless it begins with a value. */
static const char *make_sentence(const struct flag *flag,
                                 char sentence[static MAX_TEXT])
{
    bool value = flag->choices != NULL &&
                 flags_is_choice(flag, flag->text, strcspn(flag->text, " "));

    check(snprintf(sentence, MAX_TEXT, "%s.", flag->text) < MAX_TEXT);
    if (!value)
        sentence[0] = (char)toupper((unsigned char)sentence[0]);
    return sentence;
}

struct manual_table manual_rockets_flags(const char *command)
{
    static struct manual_flag flags[MAX_FLAGS];
    static char arguments[MAX_FLAGS][MAX_ARGUMENT], texts[MAX_FLAGS][MAX_TEXT];
    const struct flag_table *table =
        strcmp(command, "launch") == 0 ? &options_flags : &watch_options_flags;
    size_t count = 0;

    for (size_t i = 0; i < table->count; i++) {
        const struct flag *flag = &table->flags[i];

        if (flag->text == NULL)
            continue;
        check(count < MAX_FLAGS);
        if (flag->argument != NULL)
            check(snprintf(arguments[count], MAX_ARGUMENT, "=%s",
                           flag->argument) < MAX_ARGUMENT);
        flags[count] = (struct manual_flag){
            .name = flag->name,
            .argument = flag->argument != NULL ? arguments[count] : "",
            .fallback = flag->fallback,
            .text = make_sentence(flag, texts[count]),
            .value = value_of(flag),
            .choices = flag->choices,
        };
        count++;
    }
    return (struct manual_table){"--", flags, count};
}
