/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer that is no trusted proxy costs nothing a request: what its connection
 * says stays.
 */
#include "exchange_client.h"

#include <sys/socket.h>

#include "exchange_state.h"
#include "http/forwarded.h"
#include "http/site_policy.h"

/* What the connection says of a request that no proxy speaks about. */
static void set_direct(struct exchange *exchange)
{
    const struct sockaddr *peer = exchange->client.peer;
    struct http_request *request = &exchange->request;

    request->by_unix_socket = peer != NULL && peer->sa_family == AF_UNIX;
    request->scheme = exchange->context->tls != NULL && !request->by_unix_socket
                          ? HTTP_SCHEME_HTTPS
                          : HTTP_SCHEME_UNKNOWN;
}

void exchange_client_init(struct exchange *exchange,
                          const struct sockaddr *peer)
{
    client_address_init(&exchange->client, peer, exchange->context->proxies);
    set_direct(exchange);
}

/*
 * The host names what the client asked, by the URL that it used. On a loopback
 * address it must be a name that no other site can have, as otherwise a page of
 * that site could have its name resolve to this address: to the browser it then
 * is a page of this service. Behind a trusted proxy this must hold for both:
 * - for the host that the proxy forwards, as the name may resolve to the
 *   address of the proxy, and pages are compared with this host;
 * - for the Host that was received, as a browser on this machine may have the
 *   address of a trusted proxy, such as 127.0.0.1; and such a page may send any
 *   X-Forwarded-Host, but not another Host than its own.
 */
bool exchange_client_is_misdirected(const struct exchange *exchange,
                                    struct text received)
{
    const struct server_context *context = exchange->context;
    struct text host = exchange->request.fields.host;

    return !site_policy_allows_host(context->sites, host) ||
           (host.data != received.data &&
            !site_policy_allows_host(context->sites, received));
}

void exchange_client_read(struct exchange *exchange)
{
    struct http_request *request = &exchange->request;
    struct forwarded forwarded;

    set_direct(exchange);
    if (!forwarded_is_sent(&exchange->head.forwarded))
        return;
    /*
     * The proxy may connect to the socket; its clients may not. This holds for
     * a proxy that is not trusted, too: nobody gains by sending these fields.
     */
    request->by_unix_socket = false;
    if (!exchange->client.trusted)
        return;
    forwarded_read(&exchange->head.forwarded, exchange->context->proxies,
                   &forwarded);
    client_address_set(&exchange->client, &forwarded);
    if (forwarded.scheme != HTTP_SCHEME_UNKNOWN)
        request->scheme = forwarded.scheme;
    if (forwarded.host.data != NULL)
        request->fields.host = forwarded.host;
}
