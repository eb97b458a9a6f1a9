/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client may do, as a set of scopes (RFC 6749 section 3.3).
 */
#ifndef LUNAR_AUTH_SCOPES_H
#define LUNAR_AUTH_SCOPES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum scope {
    SCOPE_NONE = 0,
    SCOPE_INGEST = 1,  /* post messages */
    SCOPE_READ = 2,    /* read rockets, lists, changes and events */
    SCOPE_METRICS = 4, /* read the metrics */
    SCOPE_ADMIN = 8,   /* get a snapshot of all; what only operators may do */
    SCOPE_ALL = 15,
    SCOPES = 4, /* how many there are */
};

enum { SCOPES_TEXT = 32 /* bytes of all names, with a NUL */ };

/*
 * Read a list, such as "ingest,read": each at most once, no white space. False
 * if it is something else, or empty; `scopes` is then untouched.
 */
bool scopes_read(struct text list, unsigned *scopes);

/* Write the list, "" for none. Returns `out`. */
const char *scopes_write(unsigned scopes, char out[SCOPES_TEXT]);

/* The name of one scope. */
const char *scopes_name(enum scope scope);

#endif
