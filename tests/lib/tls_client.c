/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The priorities are GnuTLS's own, so TLS 1.3 with the service, unless a test
 * wants TLS 1.2.
 */
#include "lib/tls_client.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/process.h"

struct tls_client {
    int socket;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    size_t retried; /* bytes of a record that is to be sent again */
};

static const char *priorities; /* NULL: those of GnuTLS */

void tls_client_use_1_2(bool use)
{
    priorities = use ? "NORMAL:-VERS-ALL:+VERS-TLS1.2" : NULL;
}

bool tls_client_is_wanted(void)
{
    return process_is_set("LUNAR_TEST_TLS");
}

const char *tls_client_file(const char *prefix, const char *suffix,
                            char text[TLS_CLIENT_PATH])
{
    snprintf(text, TLS_CLIENT_PATH, "%s%s/localhost%s", prefix,
             process_setting("LUNAR_TEST_TLS"), suffix);
    return text;
}

static bool perform_handshake(struct tls_client *client, int64_t deadline)
{
    int result = gnutls_handshake(client->session);

    while (result == GNUTLS_E_AGAIN || result == GNUTLS_E_INTERRUPTED) {
        short events =
            gnutls_record_get_direction(client->session) ? POLLOUT : POLLIN;
        if (!process_poll(client->socket, events, deadline))
            return false;
        result = gnutls_handshake(client->session);
    }
    return result == GNUTLS_E_SUCCESS;
}

struct tls_client *tls_client_open(int socket, int64_t limit)
{
    struct tls_client *client = calloc(1, sizeof(*client));

    if (client == NULL)
        abort();
    client->socket = socket;
    if (gnutls_init(&client->session,
                    GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0 ||
        gnutls_certificate_allocate_credentials(&client->credentials) < 0)
        abort();
    if (priorities == NULL)
        gnutls_set_default_priority(client->session);
    else if (gnutls_priority_set_direct(client->session, priorities, NULL) < 0)
        abort();
    gnutls_credentials_set(client->session, GNUTLS_CRD_CERTIFICATE,
                           client->credentials);
    gnutls_transport_set_int(client->session, socket);
    if (perform_handshake(client, process_clock() + limit))
        return client;
    tls_client_free(client);
    return NULL;
}

void tls_client_free(struct tls_client *client)
{
    if (client == NULL)
        return;
    gnutls_deinit(client->session);
    gnutls_certificate_free_credentials(client->credentials);
    free(client);
}

/* GnuTLS has kept a record that the socket did not take. */
ssize_t tls_client_send(struct tls_client *client, const char *data,
                        size_t length)
{
    bool again = client->retried > 0;
    ssize_t sent = gnutls_record_send(client->session, again ? NULL : data,
                                      again ? 0 : length);

    if (sent >= 0) {
        client->retried = 0;
        return sent;
    }
    errno = sent == GNUTLS_E_AGAIN ? EAGAIN : ECONNRESET;
    if (sent == GNUTLS_E_AGAIN)
        client->retried = 1;
    return -1;
}

ssize_t tls_client_receive(struct tls_client *client, char *data, size_t size)
{
    ssize_t got;

    /* Again after messages of the handshake protocol: more may be there. */
    do {
        got = gnutls_record_recv(client->session, data, size);
    } while (
        got == GNUTLS_E_INTERRUPTED ||
        (got == GNUTLS_E_AGAIN && process_poll(client->socket, POLLIN, 0)));
    if (got >= 0)
        return got;
    errno = got == GNUTLS_E_AGAIN ? EAGAIN : ECONNRESET;
    return -1;
}

void tls_client_finish(struct tls_client *client)
{
    gnutls_bye(client->session, GNUTLS_SHUT_WR);
}

bool tls_client_has_data(const struct tls_client *client)
{
    return gnutls_record_check_pending(client->session) > 0;
}

void tls_client_update_keys(struct tls_client *client)
{
    gnutls_session_key_update(client->session, 0);
}
