/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a refusal says: WWW-Authenticate for programs (RFC 6750 section 3, RFC
 * 9110 section 11.6.1), a sentence for people, and for the log the name of the
 * token. Neither has a part of a token or a cookie.
 */
#include "permission.h"

#include <assert.h>

#include "base/metrics.h"
#include "http/problem.h"

#define CHALLENGE "Bearer realm=\"lunar\""
#define NO_SCOPE CHALLENGE ", error=\"insufficient_scope\", scope="

/* What `scope` is for, and the challenge for who does not have it. */
struct need {
    enum scope scope;
    const char *action;    /* what the request wants to do */
    const char *challenge; /* of the 403 */
};

static const struct need needs[SCOPES] = {
    {SCOPE_INGEST, "to post messages", NO_SCOPE "\"ingest\""},
    {SCOPE_READ, "to read rockets", NO_SCOPE "\"read\""},
    {SCOPE_METRICS, "to read the metrics", NO_SCOPE "\"metrics\""},
    {SCOPE_ADMIN, "to take a snapshot", NO_SCOPE "\"admin\""},
};

static const struct need *need_of(enum scope scope)
{
    size_t i = 0;

    while (needs[i].scope != scope) {
        i++;
        assert(i < SCOPES);
    }
    return &needs[i];
}

struct access_request permission_request(const struct http_request *request)
{
    return (struct access_request){
        .authorization = request->fields.authorization,
        .cookie = request->fields.cookie,
        .host = request->fields.host,
        .own_page = request->site == HTTP_SITE_OWN,
        .by_unix_socket = request->by_unix_socket,
    };
}

static void count_failure(const struct api *api, enum api_auth_failure failure)
{
    metric_add(api->counts.auth_failures, failure, 1);
}

/* Any 401 has a challenge (RFC 9110 section 15.5.2). */
static void challenge(struct http_response *response, const char *value)
{
    http_response_header(response, "WWW-Authenticate", value);
}

/*
 * Neither a token nor a session: RFC 6750 section 3.1 wants no error code then.
 */
static void refuse_missing(const struct api *api, const struct need *need,
                           struct http_response *response)
{
    count_failure(api, API_AUTH_MISSING);
    problem_set(response, 401,
                "%s the request needs a token with the scope %s: send it as "
                "Authorization: Bearer TOKEN; a browser logs in on the page of "
                "the service; lunar.service -new-token makes tokens",
                need->action, scopes_name(need->scope));
    http_response_note(response, "no token; the scope %s is needed",
                       scopes_name(need->scope));
    challenge(response, CHALLENGE);
}

static void refuse_token(const struct api *api, struct http_response *response)
{
    count_failure(api, API_AUTH_INVALID_TOKEN);
    problem_set(response, 401,
                "the token in Authorization is not known to the service: it "
                "must be one that lunar.service -new-token has printed, and "
                "whose line is in the file of -tokens");
    http_response_note(response, "a token that is not known");
    challenge(response, CHALLENGE ", error=\"invalid_token\"");
}

static void refuse_session(const struct api *api,
                           struct http_response *response)
{
    count_failure(api, API_AUTH_SESSION);
    problem_set(response, 401, "the session has ended: log in again");
    http_response_note(response, "a session that has ended, or is not valid");
    challenge(response, CHALLENGE);
}

static void refuse_scope(const struct api *api, const struct need *need,
                         const struct access_identity *identity,
                         struct http_response *response)
{
    const char *name = scopes_name(need->scope);
    char scopes[SCOPES_TEXT];

    count_failure(api, API_AUTH_SCOPE);
    scopes_write(identity->scopes, scopes);
    problem_set(response, 403,
                "%s the token needs the scope %s, but it has only %s: use "
                "another token, or add the scope to its line in the file of "
                "-tokens, and reload it by SIGHUP",
                need->action, name, scopes[0] != '\0' ? scopes : "none");
    http_response_note(response, "token \"%s\" has no scope %s", identity->name,
                       name);
    challenge(response, need->challenge);
}

static void refuse(struct api *api, const struct access_request *presented,
                   enum access_result result, const struct need *need,
                   struct http_response *response)
{
    struct access_identity identity;

    switch (result) {
    case ACCESS_INVALID_TOKEN:
        refuse_token(api, response);
        break;
    case ACCESS_NO_SESSION:
        refuse_session(api, response);
        break;
    case ACCESS_NO_SCOPE:
        /* Unless a reload has just removed the token. */
        if (access_identify(api->access, presented, &identity) ==
            ACCESS_GRANTED)
            refuse_scope(api, need, &identity, response);
        else
            refuse_missing(api, need, response);
        break;
    default:
        refuse_missing(api, need, response);
        break;
    }
}

bool permission_check(struct api *api, const struct http_request *request,
                      enum scope scope, struct access_identity *identity,
                      struct http_response *response)
{
    if (api->access == NULL)
        return true;
    const struct access_request presented = permission_request(request);
    enum access_result result =
        access_check(api->access, &presented, scope, identity);
    if (result == ACCESS_GRANTED)
        return true;
    refuse(api, &presented, result, need_of(scope), response);
    return false;
}

void permission_refuse_login(struct api *api, struct http_response *response)
{
    count_failure(api, API_AUTH_LOGIN);
    problem_set(response, 401,
                "the service does not know this token: it must be one that "
                "lunar.service -new-token has printed, and whose line is in "
                "the file of -tokens");
    http_response_note(response, "a login by a token that is not known");
    challenge(response, CHALLENGE);
}
