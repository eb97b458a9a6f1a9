/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -print-config: all settings, as a file for -config, and where each comes
 * from.
 */
#ifndef LUNAR_CONFIG_PRINT_H
#define LUNAR_CONFIG_PRINT_H

#include <stdbool.h>

#include "config.h"
#include "config_pairs.h"

/* False, with `fault` set, if a value cannot be in a file. */
bool config_print_check(const struct config_report *report,
                        struct config_fault *fault);

/*
 * Print the settings on stdout, and set the exit status. Read as a file, the
 * lines mean the same; what is the default is in comments, as it may differ in
 * another version or on another machine.
 */
int config_print(const struct config *config,
                 const struct config_report *report);

#endif
