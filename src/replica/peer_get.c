/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that reads a response strictly enough never to take a part of a
 * body, or something else, for a whole one.
 */
#include "peer_get.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "client/request.h"
#include "client/token.h"
#include "http/url.h"

enum {
    REQUEST = 2048,       /* bytes of a request */
    MAX_SHOWN = 256,      /* of a URL in the log */
    MAX_PROBLEM = 16384,  /* of a problem; ours are far shorter */
    MAX_DETAIL = 384,     /* of what is shown of it */
    SHORTEST_STATUS = 12, /* "HTTP/1.1 200" */
};

static enum journal_replayed fail(const char *what, char error[JOURNAL_ERROR])
{
    snprintf(error, JOURNAL_ERROR, "%s", what);
    return JOURNAL_FAILED;
}

static uint64_t deadline_in(unsigned ms)
{
    return clock_us(CLOCK_MONOTONIC) + (uint64_t)ms * 1000;
}

static enum journal_replayed replayed_of(enum client_result result)
{
    return result == CLIENT_OK       ? JOURNAL_COMPLETE
           : result == CLIENT_FAILED ? JOURNAL_FAILED
                                     : JOURNAL_INTERRUPTED;
}

/* `goes_on` of the connection: ask the watch. */
static bool ask_watch(void *context)
{
    const struct peer_get *get = context;
    const struct peer_question *question = get->question;
    const struct journal_watch *watch = question->watch;

    return watch == NULL || watch->report(watch->context, question->progress);
}

/* The token can be read on its way: say so, and go on. */
static void warn_of_exposure(const struct peer_question *question)
{
    char url[MAX_SHOWN];

    log_line(LOG_WARN,
             "the token of -peer-token is sent unencrypted to %s: give an "
             "https:// URL, unless nobody else can read this network",
             log_escape(question->peer, url, sizeof(url)));
}

static enum journal_replayed send_question(struct peer_get *get,
                                           const struct http_url *url,
                                           char error[JOURNAL_ERROR])
{
    const struct peer_question *question = get->question;
    char request[REQUEST], path[REQUEST], token[CLIENT_TOKEN];
    struct text prefix = url->path;
    bool has_token = question->access->token_file != NULL;

    if (has_token &&
        !client_read_token(question->access->token_file, token, error))
        return JOURNAL_FAILED;
    if (has_token && client_is_exposed(&get->connection))
        warn_of_exposure(question);
    /* http://HOST/ has no other paths than http://HOST. */
    while (prefix.length > 0 && prefix.data[prefix.length - 1] == '/')
        prefix.length--;
    snprintf(path, sizeof(path), "%.*s%s", (int)prefix.length, prefix.data,
             question->path);
    size_t length = client_write_get(
        &(struct client_request){.url = url,
                                 .path = text_of(path),
                                 .version = "1.0",
                                 .token = has_token ? token : NULL},
        request, sizeof(request));
    enum client_result result =
        client_send(&get->connection, (struct text){request, length},
                    deadline_in(question->answer_ms), error);
    explicit_bzero(token, sizeof(token));
    explicit_bzero(request, sizeof(request));
    return replayed_of(result);
}

/* Receive more behind what is in the buffer. `*count` is 0 at the end. */
static enum journal_replayed receive_more(struct peer_get *get,
                                          uint64_t deadline, size_t *count,
                                          char error[JOURNAL_ERROR])
{
    *count = sizeof(get->buffer) - get->end;
    enum client_result result = client_receive(
        &get->connection, get->buffer + get->end, count, deadline, error);
    if (result == CLIENT_OK)
        get->end += *count;
    return replayed_of(result);
}

/* Receive until the head is complete; sets `*head`, without its empty line. */
static enum journal_replayed receive_head(struct peer_get *get,
                                          uint64_t deadline, struct text *head,
                                          char error[JOURNAL_ERROR])
{
    const char *end = NULL;

    while (end == NULL) {
        size_t count;
        enum journal_replayed result =
            receive_more(get, deadline, &count, error);
        if (result != JOURNAL_COMPLETE)
            return result;
        if (count == 0)
            return fail(get->end == 0
                            ? "closed the connection without an answer"
                            : "the answer is not HTTP",
                        error);
        end = memmem(get->buffer, get->end, "\r\n\r\n", 4);
        if (end == NULL && get->end == sizeof(get->buffer))
            return fail("the answer is not HTTP", error);
    }
    *head = (struct text){get->buffer, (size_t)(end - get->buffer) + 2};
    get->start = head->length + 2;
    return JOURNAL_COMPLETE;
}

/* The next line without its end, which is \r\n. */
static struct text take_line(struct text *rest)
{
    struct text line = text_split(rest, '\n');

    if (line.length > 0 && line.data[line.length - 1] == '\r')
        line.length--;
    return line;
}

/* Remember a field that matters. False if the body cannot be read. */
static bool take_field(struct peer_get *get, struct text line)
{
    struct text value = line;
    struct text name = text_split(&value, ':');

    if (value.data == NULL)
        return line.length == 0;
    value = text_trim(value);
    if (text_equal_ignoring_case(name, TEXT("Lunar-Position")) &&
        !text_read_unsigned(value, INT64_MAX, &get->position))
        return false;
    if (text_equal_ignoring_case(name, TEXT("Content-Length"))) {
        bool again = get->has_length;
        get->has_length = text_read_unsigned(value, INT64_MAX, &get->length);
        return get->has_length && !again;
    }
    /* Neither is a response to what was asked. */
    return !text_equal_ignoring_case(name, TEXT("Transfer-Encoding")) &&
           !text_equal_ignoring_case(name, TEXT("Content-Encoding"));
}

static bool read_head(struct peer_get *get, struct text head)
{
    struct text line = take_line(&head);
    uint64_t status;

    if (line.length < SHORTEST_STATUS || memcmp(line.data, "HTTP/1.", 7) != 0 ||
        line.data[8] != ' ' ||
        !text_read_unsigned((struct text){line.data + 9, 3}, 599, &status) ||
        status < 200)
        return false;
    get->status = (unsigned)status;
    while (head.data != NULL)
        if (!take_field(get, take_line(&head)))
            return false;
    return true;
}

enum journal_replayed peer_get_open(struct peer_get *get,
                                    const struct peer_question *question,
                                    char error[JOURNAL_ERROR])
{
    struct http_url url;
    struct text head;

    get->question = question;
    get->connection = (struct client_connection){.options = NULL};
    get->options = (struct client_options){
        .ca_file = question->access->ca_file,
        .goes_on = ask_watch,
        .context = get,
    };
    get->status = 0;
    get->has_length = false;
    get->length = get->position = get->received = get->counted = 0;
    get->start = get->end = 0;
    if (!http_url_read(question->peer, &url))
        return fail("not a URL that can be asked", error);
    enum journal_replayed result =
        replayed_of(client_connect(&get->connection, &url, &get->options,
                                   deadline_in(PEER_GET_CONNECT_MS), error));
    if (result == JOURNAL_COMPLETE)
        result = send_question(get, &url, error);
    if (result == JOURNAL_COMPLETE)
        result =
            receive_head(get, deadline_in(question->answer_ms), &head, error);
    if (result == JOURNAL_COMPLETE && !read_head(get, head))
        return fail("the answer is not HTTP as it should be", error);
    get->deadline = deadline_in(PEER_GET_SLOW_MS);
    return result;
}

/* The other side has closed the connection. */
static enum journal_replayed end_body(const struct peer_get *get,
                                      char error[JOURNAL_ERROR])
{
    if (!get->has_length || get->received == get->length)
        return JOURNAL_COMPLETE;
    snprintf(error, JOURNAL_ERROR,
             "the connection ended after %ju of %ju bytes",
             (uintmax_t)get->received, (uintmax_t)get->length);
    return JOURNAL_FAILED;
}

enum journal_replayed peer_get_read(struct peer_get *get, struct text *part,
                                    char error[JOURNAL_ERROR])
{
    *part = (struct text){get->buffer + get->start, get->end - get->start};
    if (part->length == 0 && get->has_length && get->received == get->length)
        return JOURNAL_COMPLETE;
    if (part->length == 0) {
        size_t count;
        get->start = get->end = 0;
        enum journal_replayed result =
            receive_more(get, get->deadline, &count, error);
        if (result != JOURNAL_COMPLETE)
            return result;
        if (count == 0)
            return end_body(get, error);
        part->length = count;
        part->data = get->buffer;
    }
    if (get->has_length && part->length > get->length - get->received)
        return fail("sends more than it has announced", error);
    get->start = get->end = 0;
    get->received += part->length;
    if (get->received - get->counted >= PEER_GET_SLOW_BYTES) {
        get->counted = get->received;
        get->deadline = deadline_in(PEER_GET_SLOW_MS);
    }
    return JOURNAL_COMPLETE;
}

/* What to do about a response that a token would change. */
static const char *token_advice(const struct peer_get *get)
{
    bool has_token = get->question->access->token_file != NULL;

    if (get->status == 401 && !has_token)
        return "; give a token with the scope admin in -peer-token=FILE";
    if (get->status == 401)
        return "; the token of -peer-token is not in its -tokens file";
    if (get->status == 403 && has_token)
        return "; the token of -peer-token needs the scope admin there";
    return "";
}

void peer_get_explain(struct peer_get *get, char error[JOURNAL_ERROR])
{
    struct buffer body = BUFFER_INIT;
    struct text part = TEXT("");
    char ignored[JOURNAL_ERROR], detail[MAX_DETAIL] = "";

    do
        buffer_append(&body, part);
    while (body.length < MAX_PROBLEM &&
           peer_get_read(get, &part, ignored) == JOURNAL_COMPLETE &&
           part.length > 0);
    bool known = !buffer_failed(&body) &&
                 client_read_detail(buffer_text(&body), detail, sizeof(detail));
    snprintf(error, JOURNAL_ERROR, "answers %u%s%s%s", get->status,
             known ? ": " : "", detail, token_advice(get));
    buffer_release(&body);
}

void peer_get_close(struct peer_get *get)
{
    client_close(&get->connection);
}
