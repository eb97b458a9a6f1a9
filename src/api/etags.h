/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entity tags of reads: this start of the service and the revision of what is
 * read.
 */
#ifndef LUNAR_API_ETAGS_H
#define LUNAR_API_ETAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "api/api.h"
#include "http/request.h"
#include "http/response.h"

/*
 * Add the headers of a read and set its status: 304, and true, if the client
 * has this revision already; else 200. If memory is exhausted the tag is left
 * out.
 */
bool etags_answer(const struct api *api, const struct http_request *request,
                  uint64_t revision, struct http_response *response);

#endif
