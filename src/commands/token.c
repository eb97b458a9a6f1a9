/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The explanation is on stderr, so that a script can read stdout.
 */
#include "commands/token.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/tokens.h"
#include "config/config.h"
#include "console/announce.h"

static const char explanation[] =
    "lunar.service: the first line is the token; give it to the client, as it "
    "is not shown again:\n"
    "    Authorization: Bearer TOKEN\n"
    "The second line is for the file of -tokens, and holds no secret:\n"
    "    1. Add it to the file; that of Debian's package is "
    "/etc/lunar/secrets/tokens.\n"
    "    2. Only the user of the service and root may read it: chmod 600 "
    "FILE\n"
    "    3. A service that runs reads it at SIGHUP, that of Debian's package "
    "at a restart: systemctl restart lunar. A new one is started with "
    "-tokens=FILE.\n"
    "Logins of browsers outlast a restart, and hold at all instances, if the "
    "file has a line with a secret:\n"
    "    echo \"session-key $(openssl rand -hex 32)\" >>FILE\n";

int commands_new_token(const struct config *config)
{
    struct tokens_new made;
    char line[128];

    if (!tokens_make(text_of(config->token_name), config->token_scopes, &made))
        return announce_failure(EXIT_FAILURE,
                                "the system has no random bits for a token; "
                                "try again when it has been up for longer");
    errno = 0;
    bool printed =
        printf("%s\n%s\n", made.text, made.line) >= 0 && fflush(stdout) == 0;
    int number = errno;
    explicit_bzero(&made, sizeof(made));
    if (!printed) {
        snprintf(line, sizeof(line),
                 "no token: stdout cannot be written: %s; make another one",
                 strerrordesc_np(number));
        return announce_failure(EXIT_FAILURE, line);
    }
    /* There is nothing to do if nobody reads it. */
    fputs(explanation, stderr);
    return EXIT_SUCCESS;
}
