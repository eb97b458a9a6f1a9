/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The detail also names the usual mistake by which the service's own page is
 * taken for one of another site.
 */
#include "sites.h"

#include "http/problem.h"

void sites_refuse(struct http_response *response, const char *what)
{
    problem_set(response, 403,
                "a page of another site may not %s; -allow-origin=URL allows "
                "its origin. If the page is this service's own, a proxy has "
                "changed Host: nginx keeps it with proxy_set_header Host "
                "$http_host",
                what);
}
