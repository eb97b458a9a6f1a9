/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values are printed as they were given, so that 512M remains 512M.
 */
#include "commands/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/readable.h"
#include "config/table.h"
#include "console/announce.h"

enum { COLUMN = 40 /* of what a value comes from */ };

/* Print where the value of an option comes from. */
static void print_origin(const struct config *config,
                         const struct config_option *option,
                         const struct config_origin *origin)
{
    switch (origin->source) {
    case CONFIG_BY_FLAG:
    case CONFIG_BY_VARIABLE:
        printf("%s\n", config_option_name(option, origin->source));
        break;
    case CONFIG_BY_FILE:
        printf("%s:%u\n", readable_path(config->settings).text, origin->line);
        break;
    case CONFIG_BY_MACHINE:
        puts("default on this machine");
        break;
    default:
        puts("default");
    }
}

static void print_setting(const struct config *config,
                          const struct config_option *option,
                          const struct config_origin *origin)
{
    /* A file cannot name another one. */
    bool comment = origin->source <= CONFIG_BY_MACHINE ||
                   strcmp(option->name, "config") == 0;
    int length = printf("%s%s=%s", comment ? "#" : "", option->name,
                        origin->value != NULL ? origin->value : "");

    printf("%*s # ", length < COLUMN ? COLUMN - length : 0, "");
    print_origin(config, option, origin);
}

int commands_print_config(const struct config *config,
                          const struct config_report *report)
{
    const char *group = NULL;
    char line[128];

    errno = 0;
    printf("# Settings of lunar.service %s. Those that are not set are "
           "comments.\n",
           config_version());
    for (size_t i = 0; config_table[i].name != NULL; i++) {
        if (config_table[i].group != NULL)
            group = config_table[i].group;
        if (config_table[i].variable == NULL)
            continue;
        if (group != NULL)
            printf("\n# %s\n", group);
        group = NULL;
        print_setting(config, &config_table[i], &report->origins[i]);
    }
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return EXIT_SUCCESS;
    snprintf(line, sizeof(line), "-print-config: stdout cannot be written: %s",
             strerrordesc_np(errno));
    return announce_failure(EXIT_FAILURE, line);
}
