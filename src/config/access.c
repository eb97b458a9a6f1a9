/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Unix socket is written as a URL with a query: unix:PATH?NAME=VALUE&...
 */
#include "access.h"

#include <string.h>

#include "auth/scopes.h"
#include "auth/tokens.h"
#include "base/text.h"
#include "http/networks.h"

enum {
    MAX_SESSION = 31536000, /* seconds: a year */
    SOCKET_MODE = 0600,     /* who runs the service may connect */
    MAX_MODE = 0777,
};

/* Set `*file`. */
static bool read_file(const char *value, const char **file)
{
    *file = value;
    return *value != '\0' && strlen(value) <= CONFIG_MAX_PATH;
}

bool config_access_read_tokens(const char *value, struct config *config)
{
    return read_file(value, &config->tokens);
}

bool config_access_read_anonymous(const char *value, struct config *config)
{
    return scopes_read(text_of(value), &config->anonymous);
}

bool config_access_read_session(const char *value, struct config *config)
{
    uint64_t seconds;

    if (!text_read_unsigned(text_of(value), MAX_SESSION, &seconds) ||
        seconds == 0)
        return false;
    config->session_seconds = (unsigned)seconds;
    return true;
}

bool config_access_read_insecure(const char *value, struct config *config)
{
    config->insecure =
        value == NULL || strcmp(value, "1") == 0 || strcmp(value, "true") == 0;
    return config->insecure || strcmp(value, "0") == 0 ||
           strcmp(value, "false") == 0;
}

/* Permissions, as chmod(1) has them: "660" or "0660". */
static bool read_mode(struct text digits, unsigned *mode)
{
    unsigned read = 0;

    if (digits.length < 3 || digits.length > 4)
        return false;
    for (size_t i = 0; i < digits.length; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '7')
            return false;
        read = read * 8 + (unsigned)(digits.data[i] - '0');
    }
    *mode = read;
    return read <= MAX_MODE;
}

/* Read what follows the path, which is absent if nothing does. */
static bool read_parameters(struct text rest, struct config_socket *socket)
{
    bool valid = true;

    while (valid && rest.data != NULL) {
        struct text value = text_split(&rest, '&');
        struct text name = text_split(&value, '=');
        if (text_equal(name, TEXT("mode")))
            valid = read_mode(value, &socket->mode);
        else
            valid = text_equal(name, TEXT("scopes")) &&
                    scopes_read(value, &socket->scopes);
    }
    return valid;
}

bool config_access_read_listen(const char *value, struct config *config)
{
    struct config_socket *socket = &config->unix_socket;
    struct text rest = text_of(value);

    *socket = (struct config_socket){.mode = SOCKET_MODE};
    if (strncmp(value, "unix:", strlen("unix:")) != 0)
        return false;
    rest = text_skip(rest, strlen("unix:"));
    struct text path = text_split(&rest, '?');
    if (path.length == 0 || path.length >= sizeof(socket->path))
        return false;
    memcpy(socket->path, path.data, path.length);
    return read_parameters(rest, socket);
}

bool config_access_read_proxies(const char *value, struct config *config)
{
    struct networks networks;

    config->proxies = value;
    return networks_read(text_of(value), &networks);
}

bool config_access_read_tls_cert(const char *value, struct config *config)
{
    return read_file(value, &config->tls_cert);
}

bool config_access_read_tls_key(const char *value, struct config *config)
{
    return read_file(value, &config->tls_key);
}

bool config_access_read_ca_file(const char *value, struct config *config)
{
    return read_file(value, &config->ca_file);
}

bool config_access_read_peer_token(const char *value, struct config *config)
{
    return read_file(value, &config->peer_token);
}

bool config_access_read_name(const char *value, struct config *config)
{
    config->token_name = value;
    return tokens_is_name(text_of(value));
}

bool config_access_read_scopes(const char *value, struct config *config)
{
    return scopes_read(text_of(value), &config->token_scopes);
}
