/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which settings need each other, and which a command needs.
 */
#ifndef LUNAR_CONFIG_PAIRS_H
#define LUNAR_CONFIG_PAIRS_H

#include <stdbool.h>

#include "config/config.h"
#include "config/table.h"

/* What is wrong: an option, which "needs ...". */
struct config_fault {
    const struct config_option *option;
    const char *why;
};

/*
 * Check the settings that `command` uses; NULL: the service. Sets
 * `config->data` to NULL where a backup is checked instead. False, with `fault`
 * set, if one is missing.
 * `origins` are as in struct config_report.
 */
bool config_pairs_check(struct config *config,
                        const struct config_option *command,
                        const struct config_origin *origins,
                        struct config_fault *fault);

/* The same of settings that need one kind of socket (config_check_sockets()).
 */
bool config_pairs_check_sockets(const struct config *config, bool passes_tcp,
                                bool passes_unix,
                                const struct config_origin *origins,
                                struct config_fault *fault);

#endif
