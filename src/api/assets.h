/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files inside the binary: the dashboard, the Swagger UI and the API's
 * document.
 */
#ifndef LUNAR_API_ASSETS_H
#define LUNAR_API_ASSETS_H

#include "base/text.h"

struct asset {
    const char *path;         /* where it is served, "/openapi.yaml" */
    const char *content_type; /* "application/yaml" */
    const char *etag;         /* quoted, of the plain content */
    const char *etag_gzip;    /* the same for the gzipped content */
    struct text plain;
    struct text gzip;
};

/* The file at `path`, or NULL. */
const struct asset *assets_find(struct text path);

#endif
