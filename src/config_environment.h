/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment: finding a variable, and warnings about variables LUNAR_*
 * that are ignored. Values of unknown variables are not printed, as they may be
 * secret.
 *
 * Kubernetes tells each container about the services of its namespace in
 * variables, as Docker did for its links: for a service named lunar they are
 * LUNAR_PORT=tcp://10.0.0.1:8088, LUNAR_SERVICE_HOST and others, which are no
 * settings of ours.
 */
#ifndef LUNAR_CONFIG_ENVIRONMENT_H
#define LUNAR_CONFIG_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"

#define CONFIG_VARIABLE_PREFIX "LUNAR_"

/*
 * The entry of a variable, as "LUNAR_PORT=9000". NULL if it is unset or empty.
 * `environment` may be NULL.
 */
const char *config_environment_find(char *const environment[],
                                    const char *name);

/* Whether an entry is such as LUNAR_PORT=tcp://10.0.0.1:8088. */
bool config_environment_is_link(const char *entry);

/* Warn that such an entry is ignored, and name the flag to be used instead. */
void config_environment_warn_link(const char *entry, const char *flag,
                                  struct config_report *report);

/*
 * Warn of each variable LUNAR_* that is neither empty, nor known, nor set by
 * Kubernetes. `name_at` returns the known name at an index, without LUNAR_, and
 * NULL after the last.
 */
void config_environment_warn_unknown(char *const environment[],
                                     const char *(*name_at)(size_t index),
                                     struct config_report *report);

#endif
