/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes the revisions from rockets as JSON, so that states can be compared:
 * they depend on the messages of all rockets, and on their order.
 */
#ifndef LUNAR_TESTS_WITHOUT_REVISIONS_H
#define LUNAR_TESTS_WITHOUT_REVISIONS_H

#include <string.h>

static inline void without_revisions(char *text)
{
    static const char member[] = ",\"revision\":";

    while ((text = strstr(text, member)) != NULL) {
        const char *end = text + strlen(member);
        end += strspn(end, "0123456789");
        memmove(text, end, strlen(end) + 1);
    }
}

#endif
