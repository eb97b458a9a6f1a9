/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -print-config: all settings, as a file for -config, and where each comes
 * from.
 */
#ifndef LUNAR_COMMANDS_SETTINGS_H
#define LUNAR_COMMANDS_SETTINGS_H

struct config;
struct config_report;

/*
 * Print the settings on stdout, and set the exit status. Read as a file, the
 * lines mean the same; what is the default is in comments, as it may differ in
 * another version or on another machine. More than such a file may have is
 * printed, too, and is a failure.
 */
int commands_print_config(const struct config *config,
                          const struct config_report *report);

#endif
