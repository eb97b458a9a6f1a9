/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that a browser sends for pages of other sites (http/site_policy.h),
 * and that would do something for such a page, although it cannot read the
 * response.
 */
#ifndef LUNAR_API_SITES_H
#define LUNAR_API_SITES_H

struct http_response;

/* 403. `what` it may not do: "post messages". */
void sites_refuse(struct http_response *response, const char *what);

/* The same, for what pages of allowed origins may not do either. */
void sites_refuse_all(struct http_response *response, const char *what);

#endif
