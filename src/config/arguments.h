/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line.
 */
#ifndef LUNAR_CONFIG_ARGUMENTS_H
#define LUNAR_CONFIG_ARGUMENTS_H

#include "draft.h"

/*
 * Read the arguments from `next` up to `end`. CONFIG_INVALID, with the error
 * set; what a switch asks for, behind which nothing is read; or CONFIG_RUN.
 */
enum config_result config_arguments_read(struct config_draft *draft,
                                         char *const *next, char *const *end);

#endif
