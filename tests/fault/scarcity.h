/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory, or threads, of a running service that end when a test says so: a
 * page that the test and scarcity.c, preloaded into the service, both see.
 */
#ifndef LUNAR_TESTS_SCARCITY_H
#define LUNAR_TESTS_SCARCITY_H

#include <stdatomic.h>
#include <stdint.h>

/* The descriptor of the page, as a decimal number in the environment. */
#define SCARCITY_VARIABLE "SCARCITY_DESCRIPTOR"

/* What fails: allocations, by whose they are; or threads. */
enum scarcity_scope {
    SCARCITY_OWN = 1, /* the service's own code and cJSON */
    SCARCITY_MHD = 2, /* libmicrohttpd */
    SCARCITY_ALL = SCARCITY_OWN | SCARCITY_MHD,
    SCARCITY_THREADS = 4, /* the service's and libmicrohttpd's */
};

enum { SCARCITY_PLENTY = -1 };

struct scarcity {
    _Atomic int64_t left; /* that succeed before one fails, or PLENTY */
    _Atomic int64_t failed;
    _Atomic int32_t scope;
    _Atomic int32_t for_good; /* all that follow fail, too */
};

#endif
