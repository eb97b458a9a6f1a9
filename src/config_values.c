/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of the flags, as they are written on the command line.
 */
#include "config_values.h"

#include <string.h>

#include "base/text.h"
#include "check_health.h"
#include "http/site_policy.h"

enum {
    MIN_CONNECTIONS = 16,
    MAX_CONNECTIONS = 1000000,
    MAX_IDLE_TIMEOUT = 3600, /* seconds */
    MAX_DRAIN = 3600,        /* the same */
};

static bool read_number(struct text digits, uint64_t min, uint64_t max,
                        uint64_t *number)
{
    return text_read_unsigned(digits, max, number) && *number >= min;
}

bool config_read_port(const char *value, struct config *config)
{
    uint64_t port;
    if (!read_number(text_of(value), 0, UINT16_MAX, &port))
        return false;
    config->port = (uint16_t)port;
    return true;
}

bool config_read_host(const char *value, struct config *config)
{
    config->host = value;
    return *value != '\0';
}

bool config_read_allow_host(const char *value, struct config *config)
{
    config->allow_host = value;
    return site_policy_is_host_list(text_of(value));
}

bool config_read_allow_origin(const char *value, struct config *config)
{
    config->allow_origin = value;
    return site_policy_is_origin_list(text_of(value));
}

bool config_read_threads(const char *value, struct config *config)
{
    uint64_t threads = 0;
    config->per_connection = strcmp(value, "per-connection") == 0;
    if (!config->per_connection &&
        !read_number(text_of(value), 1, CONFIG_MAX_THREADS, &threads))
        return false;
    config->threads = (unsigned)threads;
    return true;
}

bool config_read_max_connections(const char *value, struct config *config)
{
    uint64_t connections;
    if (!read_number(text_of(value), MIN_CONNECTIONS, MAX_CONNECTIONS,
                     &connections))
        return false;
    config->max_connections = (unsigned)connections;
    return true;
}

bool config_read_idle_timeout(const char *value, struct config *config)
{
    uint64_t seconds;
    if (!read_number(text_of(value), 1, MAX_IDLE_TIMEOUT, &seconds))
        return false;
    config->idle_timeout = (unsigned)seconds;
    return true;
}

bool config_read_drain(const char *value, struct config *config)
{
    uint64_t seconds;
    if (!read_number(text_of(value), 0, MAX_DRAIN, &seconds))
        return false;
    config->drain = (unsigned)seconds;
    return true;
}

static unsigned suffix_shift(char suffix)
{
    switch (suffix) {
    case 'K':
        return 10;
    case 'M':
        return 20;
    case 'G':
        return 30;
    default:
        return 0;
    }
}

/* A number of bytes, or of K, M or G: 512M. */
static bool read_size(struct text digits, uint64_t min, uint64_t max,
                      uint64_t *size)
{
    unsigned shift = 0;
    uint64_t units;

    if (digits.length > 0)
        shift = suffix_shift(digits.data[digits.length - 1]);
    if (shift > 0)
        digits.length--;
    if (!read_number(digits, 0, max >> shift, &units) || units << shift < min)
        return false;
    *size = units << shift;
    return true;
}

bool config_read_max_memory(const char *value, struct config *config)
{
    uint64_t size;
    if (!read_size(text_of(value), CONFIG_MIN_MEMORY, SIZE_MAX, &size))
        return false;
    config->max_memory = (size_t)size;
    return true;
}

static bool is_path(const char *value)
{
    return *value != '\0' && strlen(value) <= CONFIG_MAX_PATH;
}

bool config_read_data(const char *value, struct config *config)
{
    config->data = value;
    return is_path(value);
}

bool config_read_snapshot(const char *value, struct config *config)
{
    config->snapshot_bytes = 0;
    return strcmp(value, "off") == 0 ||
           read_size(text_of(value), CONFIG_MIN_SNAPSHOT, UINT64_MAX,
                     &config->snapshot_bytes);
}

bool config_read_file(const char *value, struct config *config)
{
    config->file = value;
    /* "-" would be taken for a standard stream. */
    return value == NULL || (is_path(value) && strcmp(value, "-") != 0);
}

bool config_read_log_level(const char *value, struct config *config)
{
    return log_level_of(text_of(value), &config->log_level);
}

bool config_read_check_health(const char *value, struct config *config)
{
    config->check_url = value;
    return value == NULL || check_health_is_url(value);
}

bool config_read_log_format(const char *value, struct config *config)
{
    return log_format_of(text_of(value), &config->log_format);
}
