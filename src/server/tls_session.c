/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection holds its certificate from its beginning to its end, although
 * GnuTLS needs it only for the handshake: libmicrohttpd ends the GnuTLS session
 * before it says that the connection is closed, so the certificate is still
 * there whatever the session does with it.
 *
 * GnuTLS gives the callbacks its session alone. libmicrohttpd uses the pointer
 * of gnutls_session_set_ptr() for itself, so ours is the one of
 * gnutls_db_set_ptr(), which is for a database of sessions that we do not have.
 */
#include "tls_session.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "connection.h"
#include "tls_credential.h"
#include "tls_current.h"

enum {
    /* Of TLS records (RFC 8446 section 5.1). */
    RECORD_HEADER = 5,
    RECORD_DATA = 23, /* from TLS 1.3 on also what is no data */
    /*
     * An alert or a KeyUpdate has at most 5 bytes, its type and a tag of 16. A
     * longer record has data; or it is padded, which nobody does to an alert.
     */
    RECORD_NO_DATA = 5 + 1 + 16,
};

const char tls_session_priorities[] =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:"
    "-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
    "-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:"
    "-MAC-ALL:+AEAD:"
    "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:"
    "+GROUP-SECP521R1:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1";

/*
 * As GnuTLS would read by itself, but that a handshake which has to wait for
 * its client is suspended.
 */
static ssize_t pull(gnutls_transport_ptr_t pointer, void *data, size_t size)
{
    struct tls_session *session = pointer;
    struct connection *connection = session->connection;
    ssize_t got = recv(connection->socket, data, size, 0);

    if (got >= 0 || errno != EAGAIN || session->handshakes == NULL ||
        !connection_is_handshaking(connection))
        return got;
    tls_handshake_wait(session->handshakes, &session->handshake);
    errno = EAGAIN;
    return got;
}

static bool has_unread(const struct tls_session *session)
{
    int unread = 0;

    return ioctl(session->connection->socket, FIONREAD, &unread) == 0 &&
           unread > 0;
}

/*
 * A message of the handshake protocol was read. From the client's Finished on
 * its bytes are those of requests; with TLS 1.2 ours is still to be sent, but
 * there is nothing more to wait for.
 *
 * After a KeyUpdate (RFC 8446 section 4.6.3) GnuTLS says that there is nothing
 * to read. libmicrohttpd, whose epoll is edge-triggered, then waits for more,
 * although the next record may have arrived with it: so the loop is made to
 * look again.
 */
static int note_message(gnutls_session_t gnutls, unsigned type, unsigned when,
                        unsigned incoming, const gnutls_datum_t *message)
{
    struct tls_session *session = gnutls_db_get_ptr(gnutls);

    (void)when;
    (void)message;
    if (session == NULL || incoming == 0)
        return 0;
    if (type == GNUTLS_HANDSHAKE_FINISHED) {
        tls_handshake_end(session->handshakes, &session->handshake);
        connection_end_handshake(session->connection, has_unread(session));
    } else if (type == GNUTLS_HANDSHAKE_KEY_UPDATE) {
        connection_ignore_input(session->connection);
        if (has_unread(session))
            wait_revisit(&session->connection->wait);
    }
    return 0;
}

void tls_session_init(struct tls_session *session, struct server_tls *tls,
                      struct tls_handshakes *handshakes,
                      struct connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection->wait.mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    gnutls_transport_ptr_t receiver, sender;

    *session = (struct tls_session){.connection = connection};
    if (tls == NULL || info == NULL || info->tls_session == NULL)
        return;
    session->gnutls = info->tls_session;
    session->handshakes = handshakes;
    session->credential = tls_current(tls);
    tls_handshake_init(&session->handshake, connection->wait.mhd,
                       connection->socket);
    connection_begin_handshake(connection);
    gnutls_db_set_ptr(session->gnutls, session);
    gnutls_handshake_set_hook_function(session->gnutls, GNUTLS_HANDSHAKE_ANY,
                                       GNUTLS_HOOK_POST, note_message);
    /* The sending side stays GnuTLS's own, with the descriptor. */
    gnutls_transport_get_ptr2(session->gnutls, &receiver, &sender);
    gnutls_transport_set_ptr2(session->gnutls, session, sender);
    gnutls_transport_set_pull_function(session->gnutls, pull);
}

void tls_session_release(struct tls_session *session)
{
    if (session->gnutls == NULL)
        return;
    tls_handshake_end(session->handshakes, &session->handshake);
    tls_credential_drop(session->credential);
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are GnuTLS's. */
int tls_session_pick_certificate(gnutls_session_t gnutls,
                                 const gnutls_datum_t *issuers,
                                 int issuer_count,
                                 const gnutls_pk_algorithm_t *algorithms,
                                 int algorithm_count, gnutls_pcert_st **chain,
                                 unsigned *length, gnutls_privkey_t *key)
{
    struct tls_session *session = gnutls_db_get_ptr(gnutls);

    (void)issuers;
    (void)issuer_count;
    (void)algorithms;
    (void)algorithm_count;
    /* Memory was exhausted when the connection was opened. */
    if (session == NULL)
        return -1;
    *chain = session->credential->chain;
    *length = session->credential->length;
    *key = session->credential->key;
    return 0;
}

bool tls_session_has_unread(const struct tls_session *session)
{
    return session->gnutls != NULL &&
           gnutls_record_check_pending(session->gnutls) > 0;
}

/*
 * The socket has encrypted bytes, which may be the client's close_notify. What
 * GnuTLS has decrypted is data. It reads no record ahead, so behind one that it
 * has given completely the socket is at the header of the next one.
 */
bool tls_session_has_data(const struct tls_session *session)
{
    unsigned char header[RECORD_HEADER];

    if (tls_session_has_unread(session))
        return true;
    return recv(session->connection->socket, header, sizeof(header),
                MSG_PEEK | MSG_DONTWAIT) == sizeof(header) &&
           header[0] == RECORD_DATA &&
           (header[3] << 8 | header[4]) > RECORD_NO_DATA;
}
