/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A setting that would do nothing is a fault, as whoever gave it expects
 * something of it. Commands ignore those that they have no use for, as a
 * folder's unit or container sets variables for the service.
 */
#include "pairs.h"

#include <assert.h>

#include "base/text.h"
#include "http/networks.h"

static bool fail(struct config_fault *fault, const struct config_option *option,
                 const char *why)
{
    *fault = (struct config_fault){option, why};
    return false;
}

/* The option of this name if it is set by anybody; else NULL. */
static const struct config_option *
find_given(const char *name, const struct config_origin *origins)
{
    const struct config_option *option = config_table_find(text_of(name));

    assert(option != NULL);
    return origins[option - config_table].source > CONFIG_BY_MACHINE ? option
                                                                     : NULL;
}

/* Whether an instance is asked by https://, in any case (RFC 3986 3.1). */
static bool has_https_peer(const struct config *config)
{
    struct text rest = text_of(config->peers);

    while (rest.data != NULL) {
        struct text url = text_split(&rest, ',');
        if (text_take_prefix(&url, TEXT("https://")))
            return true;
    }
    return false;
}

static bool trusts_unix_socket(const struct config *config)
{
    struct networks networks;

    return config->proxies != NULL &&
           networks_read(text_of(config->proxies), &networks) &&
           networks.unix_socket;
}

/* A setting, whether it does nothing, and what it needs to. */
struct pair {
    const char *name;
    bool useless;
    const char *why;
};

/* Find the first of the settings that is given and does nothing. */
static bool check_pairs(const struct pair *pairs, size_t count,
                        const struct config_origin *origins,
                        struct config_fault *fault)
{
    for (size_t i = 0; i < count; i++) {
        const struct config_option *given = find_given(pairs[i].name, origins);
        if (given != NULL && pairs[i].useless)
            return fail(fault, given, pairs[i].why);
    }
    return true;
}

/* Settings that do nothing without another one. */
static bool check_useless(const struct config *config,
                          const struct config_origin *origins,
                          struct config_fault *fault)
{
    const struct pair pairs[] = {
        {"snapshot", config->data == NULL,
         "needs -data=DIR; without it nothing is saved"},
        {"topic", config->kafka == NULL,
         "needs -kafka=BROKERS, which have the topic"},
        {"kafka-config", config->kafka == NULL,
         "needs -kafka=BROKERS; without it no broker is used"},
        {"peer", config->kafka == NULL,
         "needs -kafka=BROKERS; without it there are no other instances"},
        {"peer-token", config->peers == NULL,
         "needs -peer=URL, which gets the token"},
        {"ca-file", !has_https_peer(config),
         "needs an https:// URL of -peer; certificates of clients are not "
         "asked for"},
        {"anonymous", config->tokens == NULL,
         "needs -tokens=FILE; without it nothing needs a token"},
        {"session", config->tokens == NULL,
         "needs -tokens=FILE; without it nobody logs in"},
        {"tls-cert", config->tls_key == NULL,
         "needs -tls-key=FILE, the key of the certificate"},
        {"tls-key", config->tls_cert == NULL,
         "needs -tls-cert=FILE, the certificate of the key"},
        {"insecure", config->insecure && config->tokens != NULL,
         "can't be combined with -tokens; leave one of them out"},
        {"listen", config->unix_socket.scopes != 0 && config->tokens == NULL,
         "scopes= needs -tokens=FILE; without it who can connect may do "
         "everything"},
    };

    return check_pairs(pairs, sizeof(pairs) / sizeof(pairs[0]), origins, fault);
}

bool config_pairs_check_sockets(const struct config *config, bool passes_tcp,
                                bool passes_unix,
                                const struct config_origin *origins,
                                struct config_fault *fault)
{
    bool has_tcp = passes_tcp || !config->no_port;
    bool has_unix = passes_unix || config->unix_socket.path[0] != '\0';
    const struct pair pairs[] = {
        {"port", !has_tcp && !has_unix,
         "none needs -listen=unix:PATH; without it no client can connect"},
        {"tls-cert", !has_tcp,
         "can't be combined with -port=none: a Unix socket has no TLS"},
        {"trusted-proxy", !has_unix && trusts_unix_socket(config),
         "unix needs -listen=unix:PATH, the socket that the proxy uses"},
    };

    return check_pairs(pairs, sizeof(pairs) / sizeof(pairs[0]), origins, fault);
}

/* The service is to run. */
static bool check_service(const struct config *config,
                          const struct config_origin *origins,
                          struct config_fault *fault)
{
    const struct config_option *kafka = find_given("kafka", origins);

    if (!check_useless(config, origins, fault))
        return false;
    if (kafka != NULL && config->topic == NULL)
        return fail(fault, kafka,
                    "needs -topic=NAME, the topic that all instances share");
    if (kafka != NULL && config->data == NULL)
        return fail(fault, kafka,
                    "needs -data=DIR, a folder of this instance for snapshots "
                    "of the topic");
    return true;
}

/* -check has two forms. */
static bool check_check(struct config *config,
                        const struct config_option *command,
                        const struct config_origin *origins,
                        struct config_fault *fault)
{
    const struct config_option *data = config_table_find(TEXT("data"));

    assert(data != NULL);
    if (config->file != NULL &&
        origins[data - config_table].source == CONFIG_BY_FLAG)
        return fail(fault, command,
                    "can't be combined with -data; -check=FILE checks a "
                    "backup, and -check the folder of -data");
    if (config->file == NULL && config->data == NULL)
        return fail(fault, command,
                    "needs a folder, as in -data=/var/lib/lunar, or a "
                    "backup, as in -check=/backup/lunar.backup");
    if (config->file != NULL)
        config->data = NULL;
    return true;
}

/* -create-topic and -trim-topic. */
static bool check_topic(const struct config *config,
                        const struct config_option *command,
                        struct config_fault *fault)
{
    if (config->kafka == NULL)
        return fail(fault, command,
                    "needs the brokers, as in -kafka=kafka1:9092,kafka2:9092");
    if (config->topic == NULL)
        return fail(fault, command, "needs the topic, as in -topic=lunar");
    if (command->result == CONFIG_TRIM_TOPIC && config->peers == NULL)
        return fail(fault, command,
                    "needs the URLs of all instances, as in "
                    "-peer=http://10.0.0.1:8088,http://10.0.0.2:8088");
    return true;
}

bool config_pairs_check(struct config *config,
                        const struct config_option *command,
                        const struct config_origin *origins,
                        struct config_fault *fault)
{
    switch (command != NULL ? command->result : CONFIG_RUN) {
    case CONFIG_RUN:
    case CONFIG_PRINT:
        return check_service(config, origins, fault);
    case CONFIG_CHECK:
        return check_check(config, command, origins, fault);
    case CONFIG_CREATE_TOPIC:
    case CONFIG_TRIM_TOPIC:
        return check_topic(config, command, fault);
    case CONFIG_BACKUP:
    case CONFIG_RESTORE:
    case CONFIG_EXPORT:
        return config->data != NULL ||
               fail(fault, command,
                    "needs the folder, as in -data=/var/lib/lunar");
    default:
        return true;
    }
}
