/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query of GET /events: what a reader wants to follow, and from where.
 */
#ifndef LUNAR_API_EVENTS_QUERY_H
#define LUNAR_API_EVENTS_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/text.h"
#include "live/hub.h"
#include "revisions.h"

enum {
    EVENTS_DEFAULT_INTERVAL_MS = 200,
    EVENTS_QUERY_DETAIL = 256, /* bytes; enough for every `detail` */
};

struct events_query {
    unsigned events; /* 1 << enum hub_event, for each */
    unsigned interval_ms;
    bool resumes; /* it was here before: */
    struct revision_name last;
    size_t id_count; /* 0: all rockets */
    struct text ids[HUB_MAX_IDS];
    struct buffer storage; /* of the ids */
};

/*
 * Parse `raw`, the query of a target. Parameters that events_query_parameter()
 * does not name are ignored (parameters.h). False if the query is invalid:
 * `detail` is then a sentence that names the parameter and what it may be. Also
 * false, with an empty `detail`, if memory is exhausted.
 * Ownership: `raw` is copied. On success the caller calls
 * events_query_release(); otherwise there is nothing to release.
 */
bool events_query_parse(struct events_query *query, struct text raw,
                        char *detail, size_t detail_size);

/* Free the ids. */
void events_query_release(struct events_query *query);

/*
 * The name of a parameter, in the order of openapi.yaml; NULL after the last.
 * Static.
 */
const char *events_query_parameter(size_t index);

#endif
