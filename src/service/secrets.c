/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token of -peer-token is read whenever it is sent, so here it is only
 * checked, for the log.
 */
#include "service/secrets.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

#include "auth/access.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/private_file.h"
#include "base/readable.h"
#include "base/sync.h"
#include "client/token.h"
#include "console/announce.h"
#include "process/notify.h"
#include "process/signals.h"

static_assert((int)SECRETS_ERROR >= (int)ACCESS_ERROR &&
                  (int)SECRETS_ERROR >= (int)CLIENT_ERROR,
              "for the errors of all files");

enum { RELOAD_OK, RELOAD_FAILED, RELOAD_RESULTS };

static const char *const result_names[RELOAD_RESULTS] = {"ok", "failed"};

static const struct metric_family reloads = {
    .type = METRIC_COUNTER,
    .name = "lunar_reloads_total",
    .help = "Reloads of tokens and certificates at SIGHUP, by result.",
    .labels = {{"result", result_names, RELOAD_RESULTS}},
};

bool secrets_are_used(const struct config *config)
{
    return config->tokens != NULL || config->tls_cert != NULL ||
           config->peer_token != NULL;
}

const char *secrets_open(struct secrets *secrets, const struct config *config,
                         struct metrics *metrics, char error[SECRETS_ERROR])
{
    const struct access_options options = {
        .file = config->tokens,
        .anonymous = config->anonymous,
        .unix_scopes = config->unix_socket.scopes,
        .session_seconds = config->session_seconds,
    };

    secrets->config = config;
    secrets->reloads = metrics_add(metrics, &reloads, NULL);
    if (config->tokens != NULL) {
        secrets->access = access_open(&options, error);
        if (secrets->access == NULL)
            return error;
    }
    if (config->tls_cert != NULL) {
        secrets->tls =
            server_tls_open(config->tls_cert, config->tls_key, metrics, error);
        if (secrets->tls == NULL)
            return error;
    }
    return NULL;
}

/* Log that one file is bad. Always false. */
static bool log_failure(const char *flag, const char *path, const char *error)
{
    struct readable_path shown = readable_path(path);
    const struct log_field fields[] = {
        {"flag", LOG_LEFT_OUT, LOG_STRING, .string = flag},
        {"file", LOG_LEFT_OUT, LOG_STRING, .string = shown.text},
    };

    log_event(LOG_ERROR, fields, sizeof(fields) / sizeof(fields[0]),
              "%s is not reloaded, and what was read before stays in use: %s",
              shown.text, error);
    return false;
}

/* Log that one file was read. Always true. */
static bool log_success(const char *flag, const char *path, const char *what)
{
    struct readable_path shown = readable_path(path);
    const struct log_field fields[] = {
        {"flag", LOG_LEFT_OUT, LOG_STRING, .string = flag},
        {"file", LOG_LEFT_OUT, LOG_STRING, .string = shown.text},
    };

    log_event(LOG_INFO, fields, sizeof(fields) / sizeof(fields[0]),
              "reloaded %s: %s%s", shown.text, what,
              private_file_is_copy(path)
                  ? " (a copy that systemd makes at a restart only)"
                  : "");
    return true;
}

static bool reload_tokens(const struct secrets *secrets)
{
    const char *path = secrets->config->tokens;
    char error[ACCESS_ERROR], what[64];

    if (!access_reload(secrets->access, error))
        return log_failure("-tokens", path, error);
    size_t count = access_count(secrets->access);
    snprintf(what, sizeof(what), "%zu token%s%s", count, count == 1 ? "" : "s",
             access_has_session_key(secrets->access) ? " and a session key"
                                                     : "");
    log_success("-tokens", path, what);
    announce_no_tokens(secrets->config, secrets->access);
    return true;
}

static bool reload_certificate(const struct secrets *secrets)
{
    const char *path = secrets->config->tls_cert;
    char error[SERVER_TLS_ERROR], what[64];
    struct tm expiry;

    if (!server_tls_reload(secrets->tls, error))
        return log_failure("-tls-cert", path, error);
    time_t seconds = (time_t)server_tls_expiry(secrets->tls);
    if (gmtime_r(&seconds, &expiry) == NULL ||
        strftime(what, sizeof(what), "valid until %Y-%m-%dT%H:%M:%SZ",
                 &expiry) == 0)
        snprintf(what, sizeof(what), "a certificate");
    return log_success("-tls-cert", path, what);
}

static bool reload_peer_token(const struct secrets *secrets)
{
    const char *path = secrets->config->peer_token;
    char error[CLIENT_ERROR];

    if (!client_check_token(path, error))
        return log_failure("-peer-token", path, error);
    return log_success("-peer-token", path, "a token");
}

/* Read all files again, also those behind a bad one. */
static void reload(struct secrets *secrets)
{
    bool good = true;

    notify_reloading(secrets->notify);
    if (!secrets_are_used(secrets->config))
        log_line(LOG_INFO, "SIGHUP: there is no file to read again, as none of "
                           "-tokens, -tls-cert and -peer-token is given");
    if (secrets->access != NULL)
        good = reload_tokens(secrets) && good;
    if (secrets->tls != NULL)
        good = reload_certificate(secrets) && good;
    if (secrets->config->peer_token != NULL)
        good = reload_peer_token(secrets) && good;
    metric_add(secrets->reloads, good ? RELOAD_OK : RELOAD_FAILED, 1);
    notify_reloaded(secrets->notify, good);
}

static void *run_reloads(void *context)
{
    struct secrets *secrets = context;

    pthread_setname_np(pthread_self(), "lunar-reload");
    for (;;) {
        signals_wait_reload();
        if (secrets->ending)
            return NULL;
        reload(secrets);
    }
}

bool secrets_follow(struct secrets *secrets, struct notify *notify)
{
    secrets->notify = notify;
    if (!secrets_are_used(secrets->config) && !notify_is_used(notify))
        return true;
    secrets->follows =
        pthread_create(&secrets->thread, NULL, run_reloads, secrets) == 0;
    return secrets->follows;
}

void secrets_close(struct secrets *secrets)
{
    if (secrets->follows) {
        secrets->ending = true;
        signals_end_wait(secrets->thread);
        sync_join(secrets->thread);
    }
    access_free(secrets->access);
    server_tls_free(secrets->tls);
}
