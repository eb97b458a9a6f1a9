/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The id of a request, X-Request-Id: what a client or a proxy has chosen, or
 * one that is made for a problem. With it an operator finds the lines of the
 * log about what a user reports.
 */
#ifndef LUNAR_SERVER_REQUEST_ID_H
#define LUNAR_SERVER_REQUEST_ID_H

#include "base/text.h"
#include "http/fields.h"

struct request_id {
    char text[HTTP_MAX_REQUEST_ID + 1]; /* empty: none */
};

void request_id_clear(struct request_id *id);

/* Copy what was sent, which is valid, or absent: then the id is empty. */
void request_id_set(struct request_id *id, struct text sent);

/* Make a random one, as nginx's $request_id: 16 bytes in 32 hex digits. */
void request_id_make(struct request_id *id);

/* The id; NULL if there is none. */
const char *request_id_get(const struct request_id *id);

#endif
