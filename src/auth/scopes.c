/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table of names.
 */
#include "auth/scopes.h"

#include <stdio.h>

static const struct {
    struct text name;
    enum scope scope;
} names[SCOPES] = {
    {{"ingest", 6}, SCOPE_INGEST},
    {{"read", 4}, SCOPE_READ},
    {{"metrics", 7}, SCOPE_METRICS},
    {{"admin", 5}, SCOPE_ADMIN},
};

static enum scope scope_of(struct text name)
{
    for (size_t i = 0; i < SCOPES; i++)
        if (text_equal(name, names[i].name))
            return names[i].scope;
    return SCOPE_NONE;
}

bool scopes_read(struct text list, unsigned *scopes)
{
    unsigned found = 0;

    do {
        enum scope scope = scope_of(text_split(&list, ','));
        if (scope == SCOPE_NONE || (found & scope) != 0)
            return false;
        found |= scope;
    } while (list.data != NULL);
    *scopes = found;
    return true;
}

const char *scopes_write(unsigned scopes, char out[SCOPES_TEXT])
{
    size_t length = 0;

    out[0] = '\0';
    for (size_t i = 0; i < SCOPES; i++)
        if ((scopes & names[i].scope) != 0)
            length +=
                (size_t)snprintf(out + length, SCOPES_TEXT - length, "%s%s",
                                 length > 0 ? "," : "", names[i].name.data);
    return out;
}

const char *scopes_name(enum scope scope)
{
    for (size_t i = 0; i < SCOPES; i++)
        if (names[i].scope == scope)
            return names[i].name.data;
    return "";
}
