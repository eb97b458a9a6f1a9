/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status and the media type are looked at when the first bytes of the body
 * arrive: curl has the whole head then.
 */
#include "fetch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "clock.h"

/* A media type may be followed by parameters. */
static bool is_media_type(const char *value, const char *wanted)
{
    const size_t length = strlen(wanted);

    return value != NULL && strncasecmp(value, wanted, length) == 0 &&
           strchr("; \t", value[length]) != NULL;
}

static bool is_wanted(const struct fetch *fetch)
{
    const char *type = NULL;
    long status = 0;

    curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(fetch->easy, CURLINFO_CONTENT_TYPE, &type);
    return status == 200 && is_media_type(type, fetch->media_type);
}

/* Returns false if it is too long. */
static bool keep_body(struct fetch *fetch, const char *data, size_t length)
{
    size_t most = fetch->wanted ? fetch->max_body : FETCH_MAX_PROBLEM;
    size_t room = most - fetch->body.length;

    if (length > room && fetch->wanted) {
        fetch->too_large = true;
        return false;
    }
    return bytes_append(&fetch->body, data, length < room ? length : room);
}

static size_t receive_body(char *data, size_t size, size_t count, void *context)
{
    struct fetch *fetch = context;
    const size_t length = size * count;
    bool taken;

    fetch->heard_at = clock_now();
    if (!fetch->wanted && fetch->body.length == 0)
        fetch->wanted = is_wanted(fetch);
    taken = fetch->wanted && fetch->take != NULL
                ? fetch->take(fetch->context, data, length)
                : keep_body(fetch, data, length);
    return taken ? length : length + 1; /* other than `length`: an error */
}

static size_t receive_field(char *data, size_t size, size_t count,
                            void *context)
{
    struct fetch *fetch = context;

    (void)data;
    fetch->heard_at = clock_now();
    return size * count;
}

/* Sets SOCK_CLOEXEC, and notes why there is no socket: curl does not tell. */
static curl_socket_t open_socket(void *context, curlsocktype purpose,
                                 struct curl_sockaddr *address)
{
    struct fetch *fetch = context;
    int descriptor = socket(address->family, address->socktype | SOCK_CLOEXEC,
                            address->protocol);

    (void)purpose;
    fetch->trace.socket_error = descriptor < 0 ? errno : 0;
    return descriptor;
}

bool fetch_init(struct fetch *fetch, CURLM *multi)
{
    CURL *easy = curl_easy_init();

    fetch->multi = multi;
    fetch->easy = easy;
    if (easy == NULL)
        return false;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, fetch);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, fetch->trace.text);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)TRANSPORT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "rockets/" LUNAR_VERSION);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, receive_field);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, fetch);
    /* Do not wait for the resolver when the request was ended. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    access_apply(easy, fetch->access);
    return true;
}

void fetch_release(struct fetch *fetch)
{
    fetch_cancel(fetch);
    curl_easy_cleanup(fetch->easy);
    fetch->easy = NULL;
    bytes_release(&fetch->body);
}

static bool add_field(struct fetch *fetch, const char *name, const char *value)
{
    char line[512];
    struct curl_slist *longer;

    snprintf(line, sizeof(line), "%s: %s", name, value);
    longer = curl_slist_append(fetch->headers, line);
    if (longer != NULL)
        fetch->headers = longer;
    return longer != NULL;
}

static void free_headers(struct fetch *fetch)
{
    curl_slist_free_all(fetch->headers);
    fetch->headers = NULL;
}

bool fetch_start(struct fetch *fetch, const char *url, const char *last_id)
{
    bytes_clear(&fetch->body);
    fetch->wanted = fetch->too_large = false;
    fetch->trace.socket_error = 0;
    fetch->heard_at = clock_now();
    if (!add_field(fetch, "Accept", fetch->media_type) ||
        (last_id != NULL && *last_id != '\0' &&
         !add_field(fetch, "Last-Event-ID", last_id)) ||
        curl_easy_setopt(fetch->easy, CURLOPT_URL, url) != CURLE_OK) {
        free_headers(fetch);
        return false;
    }
    curl_easy_setopt(fetch->easy, CURLOPT_HTTPHEADER, fetch->headers);
    fetch->running =
        curl_multi_add_handle(fetch->multi, fetch->easy) == CURLM_OK;
    return fetch->running;
}

void fetch_cancel(struct fetch *fetch)
{
    if (fetch->running)
        curl_multi_remove_handle(fetch->multi, fetch->easy);
    fetch->running = false;
    free_headers(fetch);
}

/* The response is not the one that was wanted. */
static enum transport_result explain_response(const struct fetch *fetch,
                                              struct transport_failure *failure)
{
    struct reply reply = {.body = fetch->body.data,
                          .length = fetch->body.length};

    curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &reply.status);
    curl_easy_getinfo(fetch->easy, CURLINFO_CONTENT_TYPE, &reply.content_type);
    curl_easy_getinfo(fetch->easy, CURLINFO_REDIRECT_URL, &reply.location);
    failure->status = reply.status;
    failure->advice = reply.status == 401 || reply.status == 403
                          ? reply_advice(reply.status)
                          : "";
    if (reply.status >= 200 && reply.status < 300) {
        snprintf(failure->cause, sizeof(failure->cause),
                 "status %ld, but no %s", reply.status, fetch->media_type);
        failure->advice = "Is this the URL of the service?";
        return TRANSPORT_REFUSED;
    }
    reply_explain(&reply, failure->cause);
    return reply_is_refusal(reply.status) ? TRANSPORT_REFUSED
                                          : TRANSPORT_BAD_STATUS;
}

enum transport_result fetch_finish(struct fetch *fetch, CURLcode code,
                                   struct transport_failure *failure)
{
    fetch_cancel(fetch);
    if (fetch->too_large) {
        *failure = (struct transport_failure){.advice = ""};
        snprintf(failure->cause, sizeof(failure->cause),
                 "the response has more than %zu bytes", fetch->max_body);
        return TRANSPORT_NO_RESPONSE;
    }
    if (code != CURLE_OK)
        return failure_explain(fetch->easy, code, &fetch->trace, failure);
    /* A body without a byte was not looked at. */
    if (fetch->wanted || is_wanted(fetch))
        return TRANSPORT_DELIVERED;
    return explain_response(fetch, failure);
}

int64_t fetch_retry_after(const struct fetch *fetch)
{
    curl_off_t seconds = 0;

    curl_easy_getinfo(fetch->easy, CURLINFO_RETRY_AFTER, &seconds);
    return seconds > 0 ? (int64_t)seconds : 0;
}

void fetch_tag(const struct fetch *fetch, char tag[static FETCH_TAG_SIZE])
{
    struct curl_header *field = NULL;
    const char *value = "";
    size_t length;

    tag[0] = '\0';
    if (curl_easy_header(fetch->easy, "ETag", 0, CURLH_HEADER, -1, &field) ==
        CURLHE_OK)
        value = field->value;
    if (strncmp(value, "W/", 2) == 0)
        value += 2;
    if (*value != '"')
        return;
    value++;
    length = strcspn(value, "\"");
    if (length < FETCH_TAG_SIZE && value[length] == '"') {
        memcpy(tag, value, length);
        tag[length] = '\0';
    }
}
