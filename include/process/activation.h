/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening sockets that a service manager passes, as sd_listen_fds(3) of
 * systemd describes it: LISTEN_FDS of them, from descriptor 3 on, are for the
 * process of LISTEN_PID. One may be for TCP, which replaces -host and -port,
 * and one a Unix socket, which replaces the path and the mode of -listen.
 *
 * Names (LISTEN_FDNAMES) are not asked for: what a socket is for is seen from
 * its kind.
 */
#ifndef LUNAR_PROCESS_ACTIVATION_H
#define LUNAR_PROCESS_ACTIVATION_H

#include <stdbool.h>

#include "config/config.h"
#include "server/server.h"

enum {
    ACTIVATION_ERROR = 256,
    ACTIVATION_FIRST = 3, /* SD_LISTEN_FDS_START */
    ACTIVATION_MAX = 2,   /* sockets that are of use */
};

struct activation {
    struct server_given given;
    char path[CONFIG_MAX_SOCKET]; /* of the Unix socket; "@NAME" or "" */
};

/*
 * How many descriptors the values of LISTEN_PID and LISTEN_FDS, which may be
 * NULL, promise to the process `own`. None if they are for another one, which
 * has left them in the environment. -1, with the reason in `error`, if they
 * are not valid.
 */
int activation_count(const char *pid, const char *fds, long own,
                     char error[ACTIVATION_ERROR]);

/*
 * Find out what the `count` descriptors from `first` on are. False, with the
 * reason in `error`, if they are not what a service can serve.
 */
bool activation_find(struct activation *activation, int first, int count,
                     char error[ACTIVATION_ERROR]);

/*
 * Take what the environment says, and remove the variables from it, as they are
 * not for processes that are started later. No descriptor is inherited by
 * these, and none blocks. False as activation_find().
 * Locking: before other threads start.
 */
bool activation_take(struct activation *activation,
                     char error[ACTIVATION_ERROR]);

/*
 * Log which settings the sockets replace, with warnings of those that were
 * given; and set the path of the Unix socket in `config`, for what is said
 * about it.
 */
void activation_apply(const struct activation *activation,
                      struct config *config,
                      const struct config_report *report);

#endif
