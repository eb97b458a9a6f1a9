/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers of the values of the flags for access control and TLS, as those of
 * values.h. They check the form; the files are read at the start.
 */
#ifndef LUNAR_CONFIG_ACCESS_H
#define LUNAR_CONFIG_ACCESS_H

#include <stdbool.h>

#include "config/config.h"

bool config_access_read_tokens(const char *value, struct config *config);
bool config_access_read_anonymous(const char *value, struct config *config);
bool config_access_read_session(const char *value, struct config *config);
/* NULL: the flag, which has no value. */
bool config_access_read_insecure(const char *value, struct config *config);
bool config_access_read_listen(const char *value, struct config *config);
bool config_access_read_proxies(const char *value, struct config *config);
bool config_access_read_tls_cert(const char *value, struct config *config);
bool config_access_read_tls_key(const char *value, struct config *config);
bool config_access_read_ca_file(const char *value, struct config *config);
bool config_access_read_peer_token(const char *value, struct config *config);
/* The two values of -new-token. */
bool config_access_read_name(const char *value, struct config *config);
bool config_access_read_scopes(const char *value, struct config *config);

#endif
