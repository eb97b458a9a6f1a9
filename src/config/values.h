/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers of the values of flags and environment variables. Each sets its
 * member of `config`, and returns false if the value is invalid; the member has
 * no meaning then. Ownership: `config` borrows the value.
 */
#ifndef LUNAR_CONFIG_VALUES_H
#define LUNAR_CONFIG_VALUES_H

#include <stdbool.h>

#include "config/config.h"

enum {
    CONFIG_MAX_THREADS = 256,
    CONFIG_MIN_MEMORY = 1024 * 1024,   /* bytes */
    CONFIG_MIN_SNAPSHOT = 1024 * 1024, /* the same */
};

bool config_values_read_port(const char *value, struct config *config);
bool config_values_read_host(const char *value, struct config *config);
bool config_values_read_allow_host(const char *value, struct config *config);
bool config_values_read_allow_origin(const char *value, struct config *config);
bool config_values_read_threads(const char *value, struct config *config);
bool config_values_read_max_connections(const char *value,
                                        struct config *config);
bool config_values_read_idle_timeout(const char *value, struct config *config);
bool config_values_read_drain(const char *value, struct config *config);
bool config_values_read_max_memory(const char *value, struct config *config);
bool config_values_read_data(const char *value, struct config *config);
bool config_values_read_snapshot(const char *value, struct config *config);
bool config_values_read_kafka(const char *value, struct config *config);
bool config_values_read_topic(const char *value, struct config *config);
bool config_values_read_kafka_config(const char *value, struct config *config);
bool config_values_read_peers(const char *value, struct config *config);
bool config_values_read_log_level(const char *value, struct config *config);
bool config_values_read_log_format(const char *value, struct config *config);
bool config_values_read_settings(const char *value, struct config *config);
/* NULL: the flag has no value. */
bool config_values_read_file(const char *value, struct config *config);
bool config_values_read_check_health(const char *value, struct config *config);

#endif
