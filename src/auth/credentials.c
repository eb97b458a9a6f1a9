/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheme is a token in the sense of RFC 9110 section 5.6.2, so that of
 * "Bearer2 x" is another one, while "Bearer,x" and "Bearer\tx" are malformed
 * credentials of the scheme Bearer.
 */
#include "credentials.h"

#include <string.h>

/* tchar of RFC 9110 section 5.6.2. */
static bool is_token_character(char c)
{
    return text_is_letter((unsigned char)c) ||
           text_is_digit((unsigned char)c) ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

enum credentials credentials_read(struct text field, struct text *token)
{
    struct text rest = field;

    if (!text_take_prefix(&rest, TEXT("Bearer")))
        return CREDENTIALS_NONE;
    if (rest.length > 1 && rest.data[0] == ' ') {
        do
            rest = text_skip(rest, 1);
        while (rest.length > 0 && rest.data[0] == ' ');
        if (rest.length > 0) {
            *token = rest;
            return CREDENTIALS_BEARER;
        }
    }
    if (rest.length > 0 && is_token_character(rest.data[0]))
        return CREDENTIALS_NONE;
    return CREDENTIALS_MALFORMED;
}
