/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts of a service end up on a terminal, so they are made printable.
 */
#include "reply.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "console.h"

bool reply_is_refusal(long status)
{
    switch (status) {
    case 408: /* Request Timeout, RFC 9110 section 15.5.9 */
    case 425: /* Too Early, RFC 8470 section 5.2 */
    case 429: /* Too Many Requests, RFC 6585 section 4 */
        return false;
    case 501: /* Not Implemented */
    case 505: /* HTTP Version Not Supported */
        return true;
    default:
        return status >= 300 && status < 500;
    }
}

/* A member of a problem, if it is a string with content; or NULL. */
static const char *get_text(const cJSON *problem, const char *name)
{
    const char *text =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(problem, name));

    return text != NULL && *text != '\0' ? text : NULL;
}

static void append_text(char text[static REPLY_TEXT_SIZE], const char *before,
                        const char *added, const char *after)
{
    size_t length = strlen(text);

    snprintf(text + length, REPLY_TEXT_SIZE - length, "%s%s%s", before, added,
             after);
    console_make_printable(text + length);
}

/* A media type may be followed by parameters. */
static bool is_problem(const char *content_type)
{
    static const char TYPE[] = "application/problem+json";
    const size_t length = sizeof(TYPE) - 1;

    return content_type != NULL &&
           strncasecmp(content_type, TYPE, length) == 0 &&
           strchr("; \t", content_type[length]) != NULL;
}

void reply_explain(const struct reply *reply, char text[static REPLY_TEXT_SIZE])
{
    cJSON *problem = NULL;
    const char *detail, *id;

    snprintf(text, REPLY_TEXT_SIZE, "status %ld", reply->status);
    if (reply->location != NULL)
        append_text(text, ", a redirect to ", reply->location, "");
    if (!is_problem(reply->content_type))
        return;
    problem = cJSON_ParseWithLength(reply->body, reply->length);
    detail = get_text(problem, "detail");
    id = get_text(problem, "requestId");
    if (detail != NULL)
        append_text(text, ", \"", detail, "\"");
    if (id != NULL)
        append_text(text, ", requestId ", id, "");
    cJSON_Delete(problem);
}

bool reply_read_position(const char *value, uint64_t *position)
{
    const size_t digits = strspn(value, "0123456789");
    uint64_t read = 0;

    if (digits == 0 || value[digits] != '\0')
        return false;
    for (size_t i = 0; i < digits; i++) {
        const uint64_t digit = (uint64_t)(value[i] - '0');

        if (read > (INT64_MAX - digit) / 10)
            return false;
        read = 10 * read + digit;
    }
    *position = read;
    return true;
}

const char *reply_advice(long status)
{
    if (status >= 300 && status < 400)
        return "Redirects are not followed; is this the right URL?";
    switch (status) {
    case 401:
        return "It wants a token that it knows: give --token-file=FILE, or the "
               "variable ROCKETS_TOKEN";
    case 403:
        return "Is there a proxy before the service? Or does the token lack a "
               "scope: launch needs ingest, --verify and watch need read";
    case 407:
        return "Access is denied; is there a proxy before the service?";
    case 404:
    case 405:
    case 410:
        return "Are the port and the path right? Messages go to the path "
               "/messages, as in http://localhost:8088/messages";
    case 421:
        return "Use another name of the service's host, or start the service "
               "with -allow-host=NAME";
    default:
        return "Is this the right URL?";
    }
}
