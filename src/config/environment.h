/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment, with warnings about variables LUNAR_* that are ignored.
 * Values of unknown variables are not printed, as they may be secret.
 *
 * Kubernetes tells each container about the services of its namespace in
 * variables, as Docker did for its links: for a service named lunar they are
 * LUNAR_PORT=tcp://10.0.0.1:8088, LUNAR_SERVICE_HOST and others, which are no
 * settings of ours.
 */
#ifndef LUNAR_CONFIG_ENVIRONMENT_H
#define LUNAR_CONFIG_ENVIRONMENT_H

#include <stdbool.h>

#include "draft.h"

/*
 * Read the variables of the settings that were not given as flags. Warn of each
 * that is ignored as Kubernetes has set it, and of each variable LUNAR_* that
 * is neither empty, nor known, nor set by Kubernetes. `environment` may be
 * NULL.
 * False, with the error set, if a value is not valid.
 */
bool config_environment_read(struct config_draft *draft,
                             char *const environment[]);

#endif
