/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the integration tests of `rockets` share.
 */
#include "rockets_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

void rockets_start(struct process *rockets, const char *const flags[])
{
    const char *arguments[ROCKETS_MAX_FLAGS + 2] = {
        process_setting("LUNAR_ROCKETS")};

    for (size_t i = 0; flags[i] != NULL; i++) {
        assert_in_range(i, 0, ROCKETS_MAX_FLAGS - 1);
        arguments[i + 1] = flags[i];
    }
    process_start(rockets, arguments, NULL);
}

void rockets_expect_part(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in: %s", part, text);
}

void rockets_expect(struct process *rockets, int status, const char *part,
                    const char *error)
{
    char *errors = NULL;
    char *output = process_finish(rockets, status, &errors);

    rockets_expect_part(output, part);
    rockets_expect_part(errors, error);
    free(output);
    free(errors);
}

void rockets_url(char url[64], unsigned port, const char *path)
{
    snprintf(url, 64, "http://127.0.0.1:%u%s", port, path);
}

int rockets_listen(char url[64], const char *path)
{
    uint16_t port = 0;
    int listener = instance_reserve_port(&port);

    assert_int_equal(listen(listener, SOMAXCONN), 0);
    rockets_url(url, port, path);
    return listener;
}
