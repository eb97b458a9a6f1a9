/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/unit_check.h"

#include "unit/config/reading.h"

const struct machine reading_machine = {.memory = 14 << 20, .processors = 7};

/* Split `words` in place at its spaces into `list`, which ends with NULL. */
static int split_words(char *words, char **list)
{
    int count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(words, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        assert_true(count < READING_WORDS);
        list[count++] = word;
    }
    list[count] = NULL;
    return count;
}

enum config_result reading_read(struct reading *reading, const char *arguments,
                                const char *variables)
{
    static char program[] = "lunar.service";
    memset(reading, 0, sizeof(*reading));
    snprintf(reading->arguments, sizeof(reading->arguments), "%s", arguments);
    snprintf(reading->variables, sizeof(reading->variables), "%s", variables);
    reading->argv[0] = program;
    int count = split_words(reading->arguments, reading->argv + 1);
    split_words(reading->variables, reading->environment);
    return config_read(&reading->config,
                       &(struct config_input){count + 1, reading->argv,
                                              reading->environment,
                                              &reading_machine},
                       &reading->report);
}

/* Write what is to be done, unless it is to serve. Returns the end. */
static char *describe_command(char *at, enum config_result result,
                              const struct config *config)
{
    static const char *const commands[] = {
        [CONFIG_RUN] = "",
        [CONFIG_CHECK_HEALTH] = "health ",
        [CONFIG_CHECK] = "check ",
        [CONFIG_BACKUP] = "backup ",
        [CONFIG_RESTORE] = "restore ",
        [CONFIG_EXPORT] = "export ",
        [CONFIG_CREATE_TOPIC] = "create ",
        [CONFIG_TRIM_TOPIC] = "trim ",
        [CONFIG_NEW_TOKEN] = "token ",
    };

    at += sprintf(at, "%s", commands[result]);
    if (config->check_url != NULL)
        at += sprintf(at, "url=%s ", config->check_url);
    if (config->file != NULL)
        at += sprintf(at, "file=%s ", config->file);
    if (config->token_name != NULL)
        at += sprintf(at, "name=%s ", config->token_name);
    if (config->token_scopes != 0)
        at += sprintf(at, "scopes=%u ", config->token_scopes);
    return at;
}

/* Write what says which topic it is. Returns the end. */
static char *describe_topic(char *at, const struct config *config)
{
    if (config->kafka != NULL)
        at += sprintf(at, "kafka=%s ", config->kafka);
    if (config->topic != NULL)
        at += sprintf(at, "topic=%s ", config->topic);
    if (config->kafka_config != NULL)
        at += sprintf(at, "settings=%s ", config->kafka_config);
    if (config->peers != NULL)
        at += sprintf(at, "peers=%s ", config->peers);
    if (config->peer_token != NULL)
        at += sprintf(at, "peer-token=%s ", config->peer_token);
    if (config->ca_file != NULL)
        at += sprintf(at, "ca=%s ", config->ca_file);
    return at;
}

/* Write what says who may do what. Returns the end. */
static char *describe_access(char *at, const struct config *config)
{
    const struct config_socket *socket = &config->unix_socket;

    if (config->tokens != NULL)
        at += sprintf(at, "tokens=%s ", config->tokens);
    if (config->anonymous != 0)
        at += sprintf(at, "anonymous=%u ", config->anonymous);
    if (config->session_seconds != 43200)
        at += sprintf(at, "session=%u ", config->session_seconds);
    if (config->insecure)
        at += sprintf(at, "insecure ");
    if (socket->path[0] != '\0')
        at += sprintf(at, "unix=%s mode=%o ", socket->path, socket->mode);
    if (socket->scopes != 0)
        at += sprintf(at, "scopes=%u ", socket->scopes);
    if (config->proxies != NULL)
        at += sprintf(at, "proxies=%s ", config->proxies);
    if (config->tls_cert != NULL)
        at += sprintf(at, "cert=%s ", config->tls_cert);
    if (config->tls_key != NULL)
        at += sprintf(at, "key=%s ", config->tls_key);
    return at;
}

/* Write which port of which host it is. Returns the end. */
static char *describe_port(char *at, const struct config *config)
{
    if (config->no_port)
        at += sprintf(at, "port=none ");
    else if (config->port != 8088)
        at += sprintf(at, "port=%u ", (unsigned)config->port);
    if (strcmp(config->host, "127.0.0.1") != 0)
        at += sprintf(at, "host=%s ", config->host);
    return at;
}

/*
 * What differs from the defaults, as "port=9000 host=:: "; "help",
 * "version" or the error.
 */
static const char *outcome_of(enum config_result result,
                              const struct reading *reading)
{
    static char changes[512];
    const struct config *config = &reading->config;
    char *at = changes;

    bool is_set = result != CONFIG_INVALID && result != CONFIG_HELP &&
                  result != CONFIG_VERSION;
    if (!is_set)
        assert_null(config->host); /* it is untouched */
    if (result == CONFIG_INVALID)
        return reading->report.error;
    if (!is_set)
        return result == CONFIG_HELP ? "help" : "version";

    at = describe_command(at, result, config);
    at = describe_port(at, config);
    if (config->allow_host != NULL)
        at += sprintf(at, "hosts=%s ", config->allow_host);
    if (config->allow_origin != NULL)
        at += sprintf(at, "origins=%s ", config->allow_origin);
    if (config->per_connection)
        at += sprintf(at, "per-connection ");
    else if (config->threads != 7)
        at += sprintf(at, "threads=%u ", config->threads);
    if (config->max_connections != 10000)
        at += sprintf(at, "connections=%u ", config->max_connections);
    if (config->idle_timeout != 10)
        at += sprintf(at, "idle=%u ", config->idle_timeout);
    if (config->drain != 0)
        at += sprintf(at, "drain=%u ", config->drain);
    if (config->max_memory != 7 << 20)
        at += sprintf(at, "memory=%zu ", config->max_memory);
    if (config->data != NULL)
        at += sprintf(at, "data=%s ", config->data);
    at = describe_topic(at, config);
    at = describe_access(at, config);
    if (config->snapshot_bytes != 64 << 20)
        at += sprintf(at, "snapshot=%ju ", (uintmax_t)config->snapshot_bytes);
    if (config->log_level != LOG_INFO)
        at += sprintf(at, "level=%d ", (int)config->log_level);
    if (config->log_format != LOG_TEXT)
        sprintf(at, "json ");
    assert_in_range(config->threads, 1, 256);
    return changes;
}

void reading_check(const struct reading_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct reading reading;
        enum config_result result =
            reading_read(&reading, cases[i].arguments, cases[i].variables);
        assert_string_equal(outcome_of(result, &reading), cases[i].outcome);
    }
}
