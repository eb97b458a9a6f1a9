/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of the flags, as they are written on the command line.
 */
#include "values.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"
#include "http/site_policy.h"
#include "http/url.h"

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

bool config_values_read_port(const char *value, struct config *config)
{
    uint64_t port = 0;

    config->no_port = strcmp(value, "none") == 0;
    if (!config->no_port && !read_number(text_of(value), 0, UINT16_MAX, &port))
        return false;
    config->port = (uint16_t)port;
    return true;
}

bool config_values_read_host(const char *value, struct config *config)
{
    config->host = value;
    return *value != '\0';
}

bool config_values_read_allow_host(const char *value, struct config *config)
{
    config->allow_host = value;
    return site_policy_is_host_list(text_of(value));
}

bool config_values_read_allow_origin(const char *value, struct config *config)
{
    config->allow_origin = value;
    return site_policy_is_origin_list(text_of(value));
}

bool config_values_read_threads(const char *value, struct config *config)
{
    uint64_t threads = 0;
    config->per_connection = strcmp(value, "per-connection") == 0;
    if (!config->per_connection &&
        !read_number(text_of(value), 1, CONFIG_MAX_THREADS, &threads))
        return false;
    config->threads = (unsigned)threads;
    return true;
}

bool config_values_read_max_connections(const char *value,
                                        struct config *config)
{
    uint64_t connections;
    if (!read_number(text_of(value), MIN_CONNECTIONS, MAX_CONNECTIONS,
                     &connections))
        return false;
    config->max_connections = (unsigned)connections;
    return true;
}

bool config_values_read_idle_timeout(const char *value, struct config *config)
{
    uint64_t seconds;
    if (!read_number(text_of(value), 1, MAX_IDLE_TIMEOUT, &seconds))
        return false;
    config->idle_timeout = (unsigned)seconds;
    return true;
}

bool config_values_read_drain(const char *value, struct config *config)
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

bool config_values_read_max_memory(const char *value, struct config *config)
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

bool config_values_read_data(const char *value, struct config *config)
{
    config->data = value;
    return is_path(value);
}

bool config_values_read_snapshot(const char *value, struct config *config)
{
    config->snapshot_bytes = 0;
    return strcmp(value, "off") == 0 ||
           read_size(text_of(value), CONFIG_MIN_SNAPSHOT, UINT64_MAX,
                     &config->snapshot_bytes);
}

bool config_values_read_file(const char *value, struct config *config)
{
    config->file = value;
    /* "-" would be taken for a standard stream. */
    return value == NULL || (is_path(value) && strcmp(value, "-") != 0);
}

static const char host_characters[] = "abcdefghijklmnopqrstuvwxyz"
                                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789.-_";

/* Whether the text is an address of IPv6, without brackets. */
static bool is_ipv6(struct text address)
{
    char terminated[INET6_ADDRSTRLEN];
    struct in6_addr ignored;

    if (address.length >= sizeof(terminated))
        return false;
    memcpy(terminated, address.data, address.length);
    terminated[address.length] = '\0';
    return inet_pton(AF_INET6, terminated, &ignored) == 1;
}

/* A host and a port: kafka1:9092 or [fd00::1]:9092. */
static bool is_broker(struct text broker)
{
    const char *colon = memrchr(broker.data, ':', broker.length);
    uint64_t port;

    if (colon == NULL)
        return false;
    struct text host = {broker.data, (size_t)(colon - broker.data)};
    if (!read_number(text_skip(broker, host.length + 1), 1, UINT16_MAX, &port))
        return false;
    if (host.length > 2 && host.data[0] == '[' &&
        host.data[host.length - 1] == ']')
        return is_ipv6((struct text){host.data + 1, host.length - 2});
    return host.length > 0 && strspn(host.data, host_characters) == host.length;
}

/* Whether `is` is true of all parts of a list that is separated by commas. */
static bool is_list_of(const char *value, bool (*is)(struct text part))
{
    struct text rest = text_of(value);
    bool all = true;

    while (all && rest.data != NULL)
        all = is(text_split(&rest, ','));
    return all;
}

bool config_values_read_kafka(const char *value, struct config *config)
{
    config->kafka = value;
    return is_list_of(value, is_broker);
}

bool config_values_read_topic(const char *value, struct config *config)
{
    size_t length = strlen(value);

    config->topic = value;
    return length > 0 && length <= CONFIG_MAX_TOPIC &&
           strspn(value, host_characters) == length &&
           strcmp(value, ".") != 0 && strcmp(value, "..") != 0;
}

bool config_values_read_kafka_config(const char *value, struct config *config)
{
    config->kafka_config = value;
    return is_path(value);
}

bool config_values_read_settings(const char *value, struct config *config)
{
    config->settings = value;
    return is_path(value);
}

/* An instance, whose /health and /snapshot can be asked for. */
static bool is_peer(struct text url)
{
    struct http_url parts;

    return http_url_read(url, &parts) &&
           memchr(parts.path.data, '?', parts.path.length) == NULL;
}

bool config_values_read_peers(const char *value, struct config *config)
{
    config->peers = value;
    return is_list_of(value, is_peer);
}

bool config_values_read_log_level(const char *value, struct config *config)
{
    return log_level_of(text_of(value), &config->log_level);
}

bool config_values_read_check_health(const char *value, struct config *config)
{
    struct text path = text_of(value);
    struct http_url ignored;

    config->check_url = value;
    if (text_take_prefix(&path, TEXT("unix:")))
        return path.length > 0 && path.length < CONFIG_MAX_SOCKET;
    return value == NULL || http_url_read(text_of(value), &ignored);
}

bool config_values_read_log_format(const char *value, struct config *config)
{
    return log_format_of(text_of(value), &config->log_format);
}
