/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocations or threads of a running service that fail when a test wants it: a
 * page of memory shared by the test and by scarcity.c, which is preloaded into
 * the service.
 */
#ifndef LUNAR_TESTS_SCARCITY_H
#define LUNAR_TESTS_SCARCITY_H

#include <stdatomic.h>
#include <stdint.h>

/* The environment variable with the page's descriptor, in decimal. */
#define SCARCITY_VARIABLE "SCARCITY_DESCRIPTOR"

/* What fails: allocations of some code, or creation of threads. */
enum scarcity_scope {
    SCARCITY_OWN = 1, /* the service's own code and cJSON */
    SCARCITY_MHD = 2, /* libmicrohttpd */
    SCARCITY_ALL = SCARCITY_OWN | SCARCITY_MHD,
    SCARCITY_THREADS = 4, /* the service's and libmicrohttpd's */
};

enum { SCARCITY_PLENTY = -1 };

struct scarcity {
    _Atomic int64_t left; /* how many succeed before one fails, or PLENTY */
    _Atomic int64_t failed;
    _Atomic int32_t scope;
    _Atomic int32_t for_good; /* all later ones fail too */
};

#endif
