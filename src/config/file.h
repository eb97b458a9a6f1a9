/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of -config, with a setting a line:
 *
 *     # Comments and empty lines are ignored.
 *     port=9000
 *     data = /var/lib/lunar     # the same: after a blank
 *     insecure=1
 *
 * Names are those of the flags, each at most once. Blanks around a name and a
 * value are ignored, also CR before LF. Values are as on the command line,
 * without quotes. There are no commands, and no file names another one.
 */
#ifndef LUNAR_CONFIG_FILE_H
#define LUNAR_CONFIG_FILE_H

#include <stdbool.h>

#include "draft.h"

/*
 * Read the settings in the file of -config, if that is set, which flags and
 * variables have not set. The report then owns its text. False, with the error
 * set, if the file cannot be read, or a line is not valid.
 */
bool config_file_read(struct config_draft *draft);

/*
 * The same of the text of the file, which has a NUL behind `length` bytes.
 * Ownership: the draft borrows values in it, whose ends become NULs.
 */
bool config_file_parse(struct config_draft *draft, char *bytes, size_t length);

/*
 * Whether a line of such a file can have the value. NULL if so, or else why
 * not.
 */
const char *config_file_refuses(const char *value);

#endif
