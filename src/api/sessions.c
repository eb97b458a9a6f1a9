/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions of browsers: POST /login exchanges a token for a cookie, POST
 * /logout takes the cookie back, and GET /session says what a request may do.
 *
 * The cookie has neither Path nor Domain: so it is sent to the folder of the
 * login and no further (RFC 6265 section 5.1.4), which is the prefix under
 * which a proxy serves the service. No script can read it (HttpOnly), and no
 * page of another site has it sent (SameSite=Strict).
 *
 * A login by a page of another site would let a user act under a token that is
 * not theirs, so it is refused, also for origins that may post messages.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "auth/access.h"
#include "format/json_error.h"
#include "format/json_scan.h"
#include "format/json_write.h"
#include "http/fields.h"
#include "http/problem.h"
#include "operations.h"
#include "permission.h"
#include "sites.h"

enum {
    MAX_LOGIN = 1024, /* bytes of its body */
    MAX_COOKIE = ACCESS_COOKIE_NAME + ACCESS_COOKIE_VALUE + 128,
    TIME_TEXT = 32,
};

static void begin_response(struct http_response *response, unsigned status)
{
    response->status = status;
    http_response_header(response, "Cache-Control", "no-store");
}

/*
 * Set-Cookie (RFC 6265 section 4.1). Secure: the browser sends it by TLS only.
 * False if memory is exhausted.
 */
static bool set_cookie(const struct http_request *request, const char *value,
                       unsigned seconds, struct http_response *response)
{
    char name[ACCESS_COOKIE_NAME], cookie[MAX_COOKIE];

    access_cookie_name(request->fields.host, name);
    snprintf(cookie, sizeof(cookie),
             "%s=%s; HttpOnly; SameSite=Strict; Max-Age=%u%s", name, value,
             seconds, request->scheme == HTTP_SCHEME_HTTPS ? "; Secure" : "");
    return http_response_header_copy(response, "Set-Cookie", text_of(cookie));
}

/* The members of who sends a request. `expires`: 0 for null. */
static void append_identity(struct buffer *out, const char *name,
                            unsigned scopes, uint64_t expires)
{
    time_t seconds = (time_t)expires;
    char time[TIME_TEXT] = "", list[SCOPES_TEXT];
    struct text rest = text_of(scopes_write(scopes, list));
    struct tm utc;

    buffer_append(out, TEXT("\"name\":"));
    if (name[0] != '\0')
        json_append(out, text_of(name));
    else
        buffer_append(out, TEXT("null"));
    buffer_append(out, TEXT(",\"scopes\":["));
    while (rest.length > 0) {
        json_append(out, text_split(&rest, ','));
        buffer_append(out, rest.length > 0 ? TEXT(",") : TEXT(""));
    }
    buffer_append(out, TEXT("],\"expires\":"));
    if (expires != 0 && gmtime_r(&seconds, &utc) != NULL &&
        strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%SZ", &utc) > 0)
        json_append(out, text_of(time));
    else
        buffer_append(out, TEXT("null"));
    buffer_append(out, TEXT("}"));
}

/* False, with a problem, if the request has no JSON text of a login's size. */
static bool check_body(const struct http_request *request,
                       struct http_response *response)
{
    const struct http_fields *fields = &request->fields;
    char problem[JSON_ERROR_SIZE];
    struct json_error error;

    /* Forms of old browsers, which do not say where they are, have other types.
     */
    if (!text_equal_ignoring_case(http_media_type(fields->content_type),
                                  TEXT("application/json")))
        problem_set(response, 415,
                    "the Content-Type of a login must be application/json");
    else if (http_content_coding(fields->content_encoding) != HTTP_IDENTITY)
        problem_set(response, 415, "a login must have no Content-Encoding");
    else if (request->body.length > MAX_LOGIN)
        problem_set(response, 413, "a login has at most %d bytes", MAX_LOGIN);
    else if (!json_scan(request->body, &error)) {
        json_error_write(&error, request->body, problem);
        problem_set(response, 400, "the login %s", problem);
    }
    return response->status == 0;
}

/*
 * The token of a login, which has passed check_body(). Absent, with a problem,
 * if there is none. Other members are ignored, as those of messages are.
 */
static struct text find_token(const cJSON *login,
                              struct http_response *response)
{
    const cJSON *token = NULL, *member;
    bool twice = false;

    cJSON_ArrayForEach(member, login)
    {
        if (!cJSON_IsObject(login) || strcmp(member->string, "token") != 0)
            continue;
        twice = twice || token != NULL;
        token = member;
    }
    if (token != NULL && !twice && cJSON_IsString(token))
        return text_of(token->valuestring);
    problem_set(response, 400, "%s",
                twice ? "token is given twice"
                      : "a login must be a JSON object with the member token, "
                        "a string");
    return (struct text){NULL, 0};
}

static void begin_session(struct api *api, const struct http_request *request,
                          struct text token, struct http_response *response)
{
    struct access_session session;

    if (!access_login(api->access, token, &session)) {
        permission_refuse_login(api, response);
        return;
    }
    begin_response(response, 200);
    http_response_header(response, "Content-Type", "application/json");
    buffer_append(&response->body, TEXT("{"));
    append_identity(&response->body, session.identity.name,
                    session.identity.scopes, session.identity.expires);
    if (!set_cookie(request, session.cookie,
                    access_session_seconds(api->access), response) ||
        buffer_failed(&response->body))
        problem_set_no_memory(response);
}

void sessions_login(struct api *api, const struct http_request *request,
                    struct http_response *response)
{
    if (api->access == NULL) {
        problem_set(response, 404,
                    "the service has no tokens, so everything is open; its "
                    "flag -tokens=FILE changes that");
        return;
    }
    if (request->site != HTTP_SITE_OWN) {
        sites_refuse_all(response, "log in");
        return;
    }
    if (!check_body(request, response))
        return;
    cJSON *login =
        cJSON_ParseWithLength(request->body.data, request->body.length);
    if (login == NULL) {
        problem_set_no_memory(response); /* the scan has accepted it */
        return;
    }
    struct text token = find_token(login, response);
    if (token.data != NULL)
        begin_session(api, request, token, response);
    cJSON_Delete(login);
}

void sessions_logout(struct api *api, const struct http_request *request,
                     struct http_response *response)
{
    (void)api;
    if (request->site != HTTP_SITE_OWN) {
        sites_refuse_all(response, "log out");
        return;
    }
    begin_response(response, 204);
    if (!set_cookie(request, "", 0, response))
        problem_set_no_memory(response);
}

void sessions_get(struct api *api, const struct http_request *request,
                  struct http_response *response)
{
    struct access_identity identity = {.scopes = SCOPE_ALL};
    struct buffer *out = &response->body;

    if (api->access != NULL) {
        const struct access_request presented = permission_request(request);
        access_identify(api->access, &presented, &identity);
    }
    begin_response(response, 200);
    http_response_header(response, "Content-Type", "application/json");
    buffer_append(out, api->access != NULL ? TEXT("{\"tokens\":true,")
                                           : TEXT("{\"tokens\":false,"));
    append_identity(out, identity.name, identity.scopes, identity.expires);
    if (buffer_failed(out))
        problem_set_no_memory(response);
}
