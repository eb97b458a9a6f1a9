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

/* Print where the value of an option comes from. Returns the bytes, as others.
 */
static int print_origin(const struct config *config,
                        const struct config_option *option,
                        const struct config_origin *origin)
{
    switch (origin->source) {
    case CONFIG_BY_FLAG:
    case CONFIG_BY_VARIABLE:
        return printf("%s\n", config_option_name(option, origin->source));
    case CONFIG_BY_FILE:
        return printf("%s:%u\n", readable_path(config->settings).text,
                      origin->line);
    case CONFIG_BY_MACHINE:
        return printf("default on this machine\n");
    default:
        return printf("default\n");
    }
}

static int print_setting(const struct config *config,
                         const struct config_option *option,
                         const struct config_origin *origin)
{
    /* A file cannot name another one. */
    bool comment = origin->source <= CONFIG_BY_MACHINE ||
                   strcmp(option->name, "config") == 0;
    int length = printf("%s%s=%s", comment ? "#" : "", option->name,
                        origin->value != NULL ? origin->value : "");

    length += printf("%*s # ", length < COLUMN ? COLUMN - length : 0, "");
    return length + print_origin(config, option, origin);
}

static int print_all(const struct config *config,
                     const struct config_report *report)
{
    const char *group = NULL;
    int bytes =
        printf("# Settings of lunar.service %s. Those that are not set are "
               "comments.\n",
               config_version());

    for (size_t i = 0; config_table[i].name != NULL; i++) {
        if (config_table[i].group != NULL)
            group = config_table[i].group;
        if (config_table[i].variable == NULL)
            continue;
        if (group != NULL)
            bytes += printf("\n# %s\n", group);
        group = NULL;
        bytes += print_setting(config, &config_table[i], &report->origins[i]);
    }
    return bytes;
}

int commands_print_config(const struct config *config,
                          const struct config_report *report)
{
    char line[192];

    errno = 0;
    int bytes = print_all(config, report);
    if (fflush(stdout) != 0 || ferror(stdout) != 0)
        snprintf(line, sizeof(line),
                 "-print-config: stdout cannot be written: %s",
                 strerrordesc_np(errno));
    else if (bytes > CONFIG_MAX_FILE)
        snprintf(line, sizeof(line),
                 "-print-config: what it has printed is no file for -config: "
                 "it has %d bytes, and may have at most %d; shorten a value, "
                 "or leave out comments",
                 bytes, CONFIG_MAX_FILE);
    else
        return EXIT_SUCCESS;
    return announce_failure(EXIT_FAILURE, line);
}
