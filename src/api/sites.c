/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The detail also names the usual mistake by which the service's own page is
 * taken for one of another site.
 */
#include "sites.h"

#include "http/problem.h"

#define OWN_PAGE                                                               \
    "If the page is this service's own, a proxy has changed Host: nginx "      \
    "keeps "                                                                   \
    "it with proxy_set_header Host $http_host"

void sites_refuse(struct http_response *response, const char *what)
{
    problem_set(response, 403,
                "a page of another site may not %s; -allow-origin=URL allows "
                "its origin. " OWN_PAGE,
                what);
}

void sites_refuse_all(struct http_response *response, const char *what)
{
    problem_set(response, 403,
                "only the service's own pages, and programs that are not "
                "pages, may %s. " OWN_PAGE,
                what);
}
