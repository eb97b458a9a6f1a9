/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The field Authorization (RFC 9110 section 11.6.2) with a bearer token
 * (RFC 6750 section 2.1).
 */
#ifndef LUNAR_AUTH_CREDENTIALS_H
#define LUNAR_AUTH_CREDENTIALS_H

#include "base/text.h"

enum credentials {
    CREDENTIALS_NONE,      /* no field, or one of another scheme */
    CREDENTIALS_BEARER,    /* with text behind it, which may be no token */
    CREDENTIALS_MALFORMED, /* Bearer without text */
};

/*
 * Read the field, which has no white space around it. `token` is what stands
 * behind the spaces, with CREDENTIALS_BEARER only, and else untouched. Whether
 * it is a token at all (tokens_is_text()) is not checked here: a token that is
 * known is one.
 */
enum credentials credentials_read(struct text field, struct text *token);

#endif
