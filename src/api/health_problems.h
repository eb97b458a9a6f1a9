/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with the service, as sentences that say what to do.
 */
#ifndef LUNAR_API_HEALTH_PROBLEMS_H
#define LUNAR_API_HEALTH_PROBLEMS_H

#include <stddef.h>

#include "api/api.h"
#include "recovery.h"

/* What a client may want from the service. */
enum {
    HEALTH_READS = 1, /* the exact state of rockets */
    HEALTH_INGEST = 2 /* that it takes messages */
};

enum { HEALTH_PROBLEMS = 7 /* that there can be */ };

/* What is wrong at one moment. */
struct health_problems {
    const char *texts[HEALTH_PROBLEMS]; /* NULL: this is not wrong */
    const char *first; /* the one that prevents most; NULL: nothing is wrong */
    /* Of the first; NULL: until the recovery is likely to end. Static. */
    const char *retry_after;
    char rooms[HEALTH_PROBLEMS][RECOVERY_TEXT]; /* of some texts */
};

/*
 * Find what is wrong and prevents one of `uses`, or all if that is 0. Texts
 * live as long as the store and `problems`.
 */
void health_problems_find(const struct api *api, unsigned uses,
                          struct health_problems *problems);

#endif
