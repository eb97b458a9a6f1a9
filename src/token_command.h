/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -new-token: makes a token for the file of -tokens.
 */
#ifndef LUNAR_TOKEN_COMMAND_H
#define LUNAR_TOKEN_COMMAND_H

struct config;

/*
 * Print the token on stdout, and its line of the file on the next line; on
 * stderr what to do with them. Nothing is stored: the token is shown this once.
 * Returns the exit status.
 */
int token_command_make(const struct config *config);

#endif
