/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Not there yet: each command says so, and fails.
 */
#include "data_commands.h"

#include <stdlib.h>

#include "announce.h"

static int refuse(const struct config *config)
{
    (void)config;
    return announce_failure(EXIT_FAILURE, "this version can't do that yet");
}

int data_commands_check(const struct config *config)
{
    return refuse(config);
}

int data_commands_backup(const struct config *config)
{
    return refuse(config);
}

int data_commands_restore(const struct config *config)
{
    return refuse(config);
}

int data_commands_export(const struct config *config)
{
    return refuse(config);
}
