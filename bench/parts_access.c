/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times access_check() by what a request presents.
 */
#include "parts.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/access.h"
#include "auth/scopes.h"
#include "auth/tokens.h"
#include "flags.h"

enum { CHECKS = 100000 };

static struct access *open_access(const char *line)
{
    char path[] = "/tmp/lunar-bench-XXXXXX";
    char error[ACCESS_ERROR];
    int fd = mkstemp(path); /* with 0600 */
    struct access_options options = {
        .file = path, .anonymous = SCOPE_READ, .session_seconds = 3600};

    if (fd < 0 || dprintf(fd, "%s\n", line) < 0 || close(fd) != 0)
        die_errno(path);
    struct access *access = access_open(&options, error);
    unlink(path);
    if (access == NULL)
        die("%s", error);
    return access;
}

static void measure(const char *item, struct access *access,
                    const struct access_request *request, enum scope scope,
                    enum access_result result)
{
    size_t found = 0;
    uint64_t begun = parts_clock();

    for (size_t i = 0; i < CHECKS; i++)
        found += access_check(access, request, scope, NULL) == result;
    uint64_t took = parts_clock() - begun;
    if (found != CHECKS)
        die("%s: a check had another result", item);
    parts_print("access", item, "ns a check", (double)took / CHECKS);
}

void parts_access(void)
{
    struct tokens_new made;
    struct access_session session;
    char name[ACCESS_COOKIE_NAME];
    char field[ACCESS_COOKIE_NAME + ACCESS_COOKIE_VALUE];
    char bearer[16 + TOKENS_TEXT];
    struct access_request request = {.host = TEXT("localhost:8088"),
                                     .own_page = true};

    if (!tokens_make(TEXT("bench"), SCOPE_INGEST, &made))
        die("no random bits");
    struct access *access = open_access(made.line);
    measure("nothing, where nothing is needed", access, &request, SCOPE_READ,
            ACCESS_GRANTED);
    snprintf(bearer, sizeof(bearer), "Bearer %s", made.text);
    request.authorization = text_of(bearer);
    measure("a token", access, &request, SCOPE_INGEST, ACCESS_GRANTED);
    request.authorization = TEXT("Bearer lunar_of-nobody");
    measure("a token that is not known", access, &request, SCOPE_INGEST,
            ACCESS_INVALID_TOKEN);
    if (!access_login(access, text_of(made.text), &session))
        die("no session");
    snprintf(field, sizeof(field), "%s=%s",
             access_cookie_name(request.host, name), session.cookie);
    request.authorization = (struct text){NULL, 0};
    request.cookie = text_of(field);
    measure("the cookie of a session", access, &request, SCOPE_INGEST,
            ACCESS_GRANTED);
    access_free(access);
}
