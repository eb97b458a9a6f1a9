/* SPDX-License-Identifier: Apache-2.0 */
/*
 * While the state is being recovered from the store, clients and load balancers
 * shall wait: they are told how far it is, and when to try again.
 */
#ifndef LUNAR_API_RECOVERY_H
#define LUNAR_API_RECOVERY_H

#include <stdbool.h>

#include "api/api.h"
#include "http/response.h"

enum { RECOVERY_TEXT = 160 /* bytes of recovery_describe(), with its NUL */ };

void recovery_init(struct api_recovery *recovery);

static inline bool recovery_is_running(const struct api *api)
{
    return atomic_load(&api->recovery.running);
}

/*
 * How far it is, as in "the state is being recovered: 42 % done, about 12 s
 * left".
 */
void recovery_describe(const struct api *api, char text[RECOVERY_TEXT]);

/* For Retry-After: the time that is left, roughly, and at most 30 s. Static. */
const char *recovery_retry_after(const struct api *api);

/* 503, with both. */
void recovery_refuse(const struct api *api, struct http_response *response);

#endif
