/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flags of lunar.service, from its table, and what a shell can offer for
 * their values. Each choice is read as the service would read it, so that a
 * build fails when one is not valid any more.
 */
#include <string.h>

#include "config/table.h"
#include "manual.h"

static const struct {
    const char *name;
    enum manual_value value;
    const char *const *choices;
} values[] = {
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
    {"host", MANUAL_CHOICE, WORDS("127.0.0.1", "0.0.0.0", "::1", "::")},
    {"threads", MANUAL_CHOICE, WORDS("per-connection")},
    {"log-level", MANUAL_CHOICE, WORDS("error", "warn", "info", "debug")},
    {"log-format", MANUAL_CHOICE, WORDS("text", "json")},
    {"anonymous", MANUAL_LIST, WORDS("ingest", "read", "metrics", "admin")},
    {"listen", MANUAL_CHOICE, WORDS("unix:/run/lunar/lunar.sock")},
    {"trusted-proxy", MANUAL_LIST, WORDS("unix", "127.0.0.1", "::1")},
    {"snapshot", MANUAL_CHOICE, WORDS("off", "64M", "256M")},
    {"new-token", MANUAL_LIST, WORDS("ingest", "read", "metrics", "admin")},
    {"check-health", MANUAL_CHOICE,
     WORDS("http://localhost:8088/health", "http://localhost:8088/health/ready",
           "unix:/run/lunar/lunar.sock")},
#undef WORDS
};

/* Say what is wrong with a row of the list above. Returns false. */
static bool fail(const char *name, const char *why)
{
    fprintf(stderr, "src/manual/service_flags.c: -%s: %s\n", name, why);
    return false;
}

/* Whether the flag accepts all choices. */
static bool check_choices(const char *name, const char *const *choices)
{
    const struct config_option *option = config_table_find(text_of(name));
    struct config config = {0};

    if (option == NULL)
        return fail(name, "there is no such flag");
    for (; *choices != NULL; choices++) {
        /* Of two values the choices are for the second. */
        if (!(option->second != NULL ? option->second : option->read)(*choices,
                                                                      &config))
            return fail(name, *choices);
    }
    return true;
}

/* Set what can be offered for the value of the flag. */
static void set_value(struct manual_flag *flag,
                      const struct config_option *option)
{
    flag->value = *flag->argument == '\0' ? MANUAL_NONE : MANUAL_ANY;
    if (strstr(flag->argument, "FILE") != NULL)
        flag->value = MANUAL_FILE;
    if (strstr(flag->argument, "DIR") != NULL)
        flag->value = MANUAL_FOLDER;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (strcmp(values[i].name, option->name) != 0)
            continue;
        flag->value = values[i].value;
        flag->choices = values[i].choices;
    }
}

bool manual_service_flags(struct manual_table *table)
{
    static struct manual_flag flags[CONFIG_MAX_OPTIONS];
    size_t count = 0;

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (!check_choices(values[i].name, values[i].choices))
            return false;
    for (const struct config_option *at = config_table; at->name != NULL;
         at++, count++) {
        flags[count] = (struct manual_flag){
            .group = at->group,
            .name = at->name,
            .argument = at->argument,
            .fallback = config_table_default(at),
            .variable = at->variable,
            .text = at->text,
        };
        set_value(&flags[count], at);
    }
    *table = (struct manual_table){"-", flags, count};
    return true;
}
