/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GnuTLS on the caller's socket. The authorities are read for each connection,
 * as connections are few, and files change.
 */
#include "tls.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>

#include "tls_verify.h"

struct client_tls {
    gnutls_certificate_credentials_t credentials;
    gnutls_session_t session;
    const struct client_options *options;
    char host[HTTP_URL_HOST]; /* without the zone of an address */
};

static void fail_with(int result, const char *what, char error[CLIENT_ERROR])
{
    snprintf(error, CLIENT_ERROR, "%s: %s", what, gnutls_strerror(result));
}

/* Load the authorities of `file`, or of the system, if it is NULL. */
static bool load_authorities(gnutls_certificate_credentials_t credentials,
                             const char *file, char error[CLIENT_ERROR])
{
    int count = file != NULL
                    ? gnutls_certificate_set_x509_trust_file(
                          credentials, file, GNUTLS_X509_FMT_PEM)
                    : gnutls_certificate_set_x509_system_trust(credentials);

    if (count > 0)
        return true;
    if (file == NULL)
        snprintf(error, CLIENT_ERROR,
                 "this system has no certificates of authorities: install "
                 "ca-certificates, or give -ca-file=FILE");
    else
        snprintf(error, CLIENT_ERROR,
                 "%s has no certificates of authorities (%s): it has to be a "
                 "file in PEM with lines -----BEGIN CERTIFICATE-----",
                 file, count < 0 ? gnutls_strerror(count) : "it has none");
    return false;
}

bool client_check_authorities(const char *file, char error[CLIENT_ERROR])
{
    gnutls_certificate_credentials_t credentials;
    int result = gnutls_certificate_allocate_credentials(&credentials);

    if (result != GNUTLS_E_SUCCESS) {
        fail_with(result, file, error);
        return false;
    }
    bool good = load_authorities(credentials, file, error);
    gnutls_certificate_free_credentials(credentials);
    return good;
}

static bool is_address(const char *host)
{
    char binary[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, binary) == 1 ||
           inet_pton(AF_INET6, host, binary) == 1;
}

/* Set up the session. Returns a result of GnuTLS. */
static int set_session(struct client_tls *tls, int fd)
{
    unsigned char name[] = "http/1.1";
    gnutls_datum_t protocol = {name, sizeof(name) - 1};
    int result = gnutls_init(&tls->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK |
                                                GNUTLS_NO_SIGNAL);

    if (result == GNUTLS_E_SUCCESS)
        result = gnutls_priority_set_direct(
            tls->session, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", NULL);
    if (result == GNUTLS_E_SUCCESS)
        result = gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE,
                                        tls->credentials);
    if (result == GNUTLS_E_SUCCESS)
        result = gnutls_alpn_set_protocols(tls->session, &protocol, 1, 0);
    /* A server is named by a name only, never by an address (RFC 6066 section
       3). */
    if (result == GNUTLS_E_SUCCESS && !is_address(tls->host))
        result = gnutls_server_name_set(tls->session, GNUTLS_NAME_DNS,
                                        tls->host, strlen(tls->host));
    if (result == GNUTLS_E_SUCCESS)
        gnutls_transport_set_int(tls->session, fd);
    return result;
}

struct client_tls *client_tls_new(int fd, const char *host,
                                  const struct client_options *options,
                                  char error[CLIENT_ERROR])
{
    struct client_tls *tls = calloc(1, sizeof(*tls));

    if (tls == NULL) {
        snprintf(error, CLIENT_ERROR, "memory is exhausted");
        return NULL;
    }
    tls->options = options;
    snprintf(tls->host, sizeof(tls->host), "%.*s", (int)strcspn(host, "%"),
             host);
    int result = gnutls_certificate_allocate_credentials(&tls->credentials);
    if (result == GNUTLS_E_SUCCESS)
        result = set_session(tls, fd);
    if (result != GNUTLS_E_SUCCESS)
        fail_with(result, "cannot begin TLS", error);
    if (result == GNUTLS_E_SUCCESS &&
        (options->unverified ||
         load_authorities(tls->credentials, options->ca_file, error)))
        return tls;
    client_tls_free(tls);
    return NULL;
}

void client_tls_free(struct client_tls *tls)
{
    if (tls == NULL)
        return;
    if (tls->session != NULL)
        gnutls_deinit(tls->session);
    if (tls->credentials != NULL)
        gnutls_certificate_free_credentials(tls->credentials);
    free(tls);
}

short client_tls_events(const struct client_tls *tls)
{
    return gnutls_record_get_direction(tls->session) == 0 ? POLLIN : POLLOUT;
}

static void fail_handshake(const struct client_tls *tls, int result,
                           char error[CLIENT_ERROR])
{
    if (result == GNUTLS_E_FATAL_ALERT_RECEIVED)
        snprintf(error, CLIENT_ERROR, "it refuses TLS: %s",
                 gnutls_alert_get_name(gnutls_alert_get(tls->session)));
    else if (result == GNUTLS_E_UNEXPECTED_PACKET ||
             result == GNUTLS_E_UNEXPECTED_PACKET_LENGTH ||
             result == GNUTLS_E_UNSUPPORTED_VERSION_PACKET)
        snprintf(error, CLIENT_ERROR,
                 "it does not speak TLS on this port: use http://, or the port "
                 "for https");
    else if (result == GNUTLS_E_PREMATURE_TERMINATION ||
             result == GNUTLS_E_PULL_ERROR || result == GNUTLS_E_PUSH_ERROR)
        snprintf(error, CLIENT_ERROR,
                 "it closed the connection in the TLS handshake: does it speak "
                 "TLS on this port?");
    else
        fail_with(result, "the TLS handshake failed", error);
}

enum client_step client_tls_handshake(struct client_tls *tls,
                                      char error[CLIENT_ERROR])
{
    int result = gnutls_handshake(tls->session);

    while (result != GNUTLS_E_SUCCESS && result != GNUTLS_E_AGAIN &&
           gnutls_error_is_fatal(result) == 0)
        result = gnutls_handshake(tls->session);
    if (result == GNUTLS_E_AGAIN)
        return CLIENT_STEP_AGAIN;
    if (result != GNUTLS_E_SUCCESS) {
        fail_handshake(tls, result, error);
        return CLIENT_STEP_FAILED;
    }
    return tls->options->unverified ||
                   client_tls_verify(tls->session, tls->host,
                                     tls->options->ca_file, error)
               ? CLIENT_STEP_DONE
               : CLIENT_STEP_FAILED;
}

/* The end of a call that moves bytes. */
static enum client_step end_call(ssize_t result, size_t *count,
                                 const char *what, char error[CLIENT_ERROR])
{
    if (result >= 0) {
        *count = (size_t)result;
        return CLIENT_STEP_DONE;
    }
    /* Among these are tickets for another session, which nobody needs. */
    if (gnutls_error_is_fatal((int)result) == 0)
        return CLIENT_STEP_AGAIN;
    if (result == GNUTLS_E_PREMATURE_TERMINATION)
        snprintf(error, CLIENT_ERROR,
                 "the connection broke: it ended without the end of TLS");
    else
        fail_with((int)result, what, error);
    return CLIENT_STEP_FAILED;
}

enum client_step client_tls_send(struct client_tls *tls, struct text bytes,
                                 size_t *count, char error[CLIENT_ERROR])
{
    ssize_t result = gnutls_record_send(tls->session, bytes.data, bytes.length);

    return end_call(result, count, "cannot send the request", error);
}

enum client_step client_tls_receive(struct client_tls *tls, char *bytes,
                                    size_t *count, char error[CLIENT_ERROR])
{
    ssize_t result = gnutls_record_recv(tls->session, bytes, *count);

    return end_call(result, count, "the connection broke", error);
}

void client_tls_end(struct client_tls *tls)
{
    /* There is nothing to do if it fails: the connection is closed anyway. */
    (void)gnutls_bye(tls->session, GNUTLS_SHUT_WR);
}
