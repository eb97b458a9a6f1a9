/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compresses a response whose body is complete. For workers: it takes some
 * 10 ms for each megabyte.
 */
#ifndef LUNAR_API_GZIP_BODY_H
#define LUNAR_API_GZIP_BODY_H

#include "http/response.h"

/*
 * Replace the body by its gzipped form and add Content-Encoding; unless there
 * is no memory for it: then the response stays as it is.
 */
void gzip_body(struct http_response *response);

#endif
