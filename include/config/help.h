/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of -help.
 */
#ifndef LUNAR_CONFIG_HELP_H
#define LUNAR_CONFIG_HELP_H

#include <stdio.h>

/* Write it. Errors are those of the stream. */
void config_help_write(FILE *out);

#endif
