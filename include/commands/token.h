/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -new-token: makes a token for the file of -tokens.
 */
#ifndef LUNAR_COMMANDS_TOKEN_H
#define LUNAR_COMMANDS_TOKEN_H

struct config;

/*
 * Print the token on stdout, and its line of the file on the next line; on
 * stderr what to do with them. Nothing is stored: the token is shown this once.
 * Returns the exit status.
 */
int commands_new_token(const struct config *config);

#endif
