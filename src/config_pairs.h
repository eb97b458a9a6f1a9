/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which settings need each other, and which a command needs.
 */
#ifndef LUNAR_CONFIG_PAIRS_H
#define LUNAR_CONFIG_PAIRS_H

#include <stddef.h>

#include "config.h"

/* What is set, besides its value in `config`. */
struct config_given {
    void *context;
    /*
     * How the setting of this flag was given, as "-topic" or "LUNAR_TOPIC";
     * NULL: it was not.
     */
    const char *(*as)(void *context, const char *flag);
};

/* What is wrong: "-topic", and "needs ...". Both are static, or `as`. */
struct config_fault {
    const char *what, *why;
};

/*
 * Check the settings that `result` uses, which is CONFIG_RUN, a command, or
 * CONFIG_CHECK_HEALTH, whose flag is `command`, such as "-export". Sets
 * `config->data` to NULL where a backup is checked instead. False, with `fault`
 * set, if one is missing.
 */
bool config_pairs_check(struct config *config, enum config_result result,
                        const char *command, const struct config_given *given,
                        struct config_fault *fault);

#endif
