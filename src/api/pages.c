/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is the same for everybody: the files in the binary.
 */
#include <string.h>

#include "assets.h"
#include "http/etag.h"
#include "http/fields.h"
#include "http/request.h"
#include "http/response.h"
#include "operations.h"

/*
 * A page runs its own scripts and talks to this service, and nothing else: a
 * page of another site cannot frame it, and a rocket named "<script>" does not
 * run. The Swagger UI styles elements in place, and has pictures in its style
 * sheet; the dashboard does neither.
 */
#define POLICY(styles, images)                                                 \
    "default-src 'none'; script-src 'self'; style-src 'self'" styles           \
    "; img-src 'self'" images "; connect-src 'self'; base-uri 'none'; "        \
    "form-action 'none'; frame-ancestors 'none'"

static const char *policy_of(const struct asset *asset)
{
    return strncmp(asset->path, "/swagger", strlen("/swagger")) == 0
               ? POLICY(" 'unsafe-inline'", " data:")
               : POLICY("", "");
}

static void send_asset(const struct asset *asset,
                       const struct http_request *request,
                       struct http_response *response)
{
    bool gzip =
        http_accepts_encoding(request->fields.accept_encoding, TEXT("gzip"));
    const char *etag = gzip ? asset->etag_gzip : asset->etag;

    http_response_header(response, "ETag", etag);
    http_response_header(response, "Cache-Control", "no-cache");
    http_response_header(response, "Vary", "Accept-Encoding");
    bool known = etag_matches(request->fields.if_none_match, text_of(etag));
    response->status = known ? 304 : 200;
    http_response_header(response, "Content-Type", asset->content_type);
    http_response_header(response, "Content-Security-Policy", policy_of(asset));
    http_response_header(response, "X-Content-Type-Options", "nosniff");
    if (gzip)
        http_response_header(response, "Content-Encoding", "gzip");
    response->fixed = gzip ? asset->gzip : asset->plain;
}

void pages_get_asset(struct api *api, const struct http_request *request,
                     struct http_response *response)
{
    (void)api;
    send_asset(assets_find(request->path), request, response);
}

bool api_has_dashboard(void)
{
    return assets_find(TEXT("/")) != NULL;
}

/* The dashboard, or the Swagger UI in builds without it. */
void pages_get_root(struct api *api, const struct http_request *request,
                    struct http_response *response)
{
    const struct asset *dashboard = assets_find(TEXT("/"));

    if (dashboard != NULL)
        send_asset(dashboard, request, response);
    else
        pages_redirect(api, request, response);
}

/*
 * To /swagger, by a relative reference (RFC 9110 section 10.2.2): behind a
 * proxy the service does not know its own URL. The page itself would not work
 * below /swagger/, as its links are relative.
 */
void pages_redirect(struct api *api, const struct http_request *request,
                    struct http_response *response)
{
    (void)api;
    response->status = 302;
    http_response_header(response, "Location",
                         request->segment_count > 1 ? "../swagger" : "swagger");
}
