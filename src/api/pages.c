/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is the same for everybody: the files in the binary. Each is sent with
 * its entity tag and "no-cache": a browser asks each time whether it has
 * changed, so a page never runs with a script of another version.
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
 * sheet. The dashboard does neither, and cannot even make markup of a text:
 * with these Trusted Types an assignment to innerHTML throws.
 *
 * There is no Referrer-Policy, as the default of browsers tells other sites the
 * origin at most, not the rocket in the query. Cross-Origin-Opener-Policy would
 * do nothing on plain HTTP.
 */
#define POLICY(styles, images, rest)                                           \
    "default-src 'none'; script-src 'self'; style-src 'self'" styles           \
    "; img-src 'self'" images "; connect-src 'self'; base-uri 'none'; "        \
    "form-action 'none'; frame-ancestors 'none'" rest

static const char *policy_of(const struct asset *asset)
{
    return strncmp(asset->path, "/swagger", strlen("/swagger")) == 0
               ? POLICY(" 'unsafe-inline'", " data:", "")
               : POLICY("", "",
                        "; require-trusted-types-for 'script'; "
                        "trusted-types 'none'");
}

/*
 * By a relative reference (RFC 9110 section 10.2.2): behind a proxy the service
 * does not know its own URL.
 */
static void redirect(struct http_response *response, const char *reference)
{
    response->status = 302;
    http_response_header(response, "Location", reference);
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
        pages_to_swagger(api, request, response);
}

/* The pages would not work at these paths, as their links are relative. */
void pages_to_root(struct api *api, const struct http_request *request,
                   struct http_response *response)
{
    (void)api;
    redirect(response, request->segment_count > 1 ? "../" : "./");
}

void pages_to_swagger(struct api *api, const struct http_request *request,
                      struct http_response *response)
{
    (void)api;
    redirect(response, request->segment_count > 1 ? "../swagger" : "swagger");
}
