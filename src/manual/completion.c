/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flags for the completions of bash(1), see complete.bash.
 */
#include <string.h>

#include "manual.h"

static const char *kind_name(enum manual_value value)
{
    switch (value) {
    case MANUAL_FILE:
        return "file";
    case MANUAL_FOLDER:
        return "folder";
    case MANUAL_CHOICE:
        return "choice";
    case MANUAL_LIST:
        return "list";
    default:
        return "any";
    }
}

void manual_write_cases(const struct manual_table *table, FILE *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct manual_flag *flag = &table->flags[i];

        if (flag->value == MANUAL_NONE)
            continue;
        fprintf(out, "    %s) kind='%s'", flag->name, kind_name(flag->value));
        if (flag->choices != NULL) {
            fputs(" values='", out);
            for (size_t j = 0; flag->choices[j] != NULL; j++)
                fprintf(out, "%s%s", j > 0 ? " " : "", flag->choices[j]);
            fputc('\'', out);
        }
        fputs(" ;;\n", out);
    }
}

void manual_write_names(const struct manual_table *table, FILE *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct manual_flag *flag = &table->flags[i];

        /* Those of "[=FILE]" may have a value, or not. */
        if (*flag->argument != '=')
            fprintf(out, "        %s\n", flag->name);
        if (*flag->argument == '=' || *flag->argument == '[')
            fprintf(out, "        %s=\n", flag->name);
    }
}
