/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service of events that the test plays itself, step by step: it accepts a
 * connection, checks the request, and sends what it likes. For the tests of
 * `rockets watch`, which runs beside it as another process.
 *
 * A step that does not come fails the test; call it from the main thread.
 */
#ifndef LUNAR_TEST_EVENT_SERVER_H
#define LUNAR_TEST_EVENT_SERVER_H

#include <stddef.h>

enum { EVENT_SERVER_HEAD = 16384 };

struct event_server {
    int listener;
    char url[64];
};

/* `path` is that of the URL. */
void event_server_start(struct event_server *server, const char *path);
void event_server_stop(struct event_server *server);

/*
 * Accept the next connection and read the head of its request.
 * Ownership: the caller closes the result.
 */
int event_server_accept(struct event_server *server,
                        char head[static EVENT_SERVER_HEAD]);

/* The same for a request of which this is the first line but the version. */
int event_server_expect(struct event_server *server, const char *request,
                        char head[static EVENT_SERVER_HEAD]);

/* Send all of it. */
void event_server_send(int client, const char *text);

/* The head of a stream of events, as the service sends it. */
#define EVENT_SERVER_STREAM                                                    \
    "HTTP/1.1 200 OK\r\nConnection: close\r\n"                                 \
    "Content-Type: text/event-stream\r\n\r\n"

/* Send a response with JSON, and close the connection. `fields`: with CRLFs. */
void event_server_reply(int client, const char *status, const char *fields,
                        const char *body);

/* Texts of a stream, and fields of other responses. */
#define HELLO(start, revision)                                                 \
    "id: " start "-" revision "\nevent: hello\nretry: 10\n"                    \
    "data: {\"start\":\"" start "\",\"revision\":" revision                    \
    ",\"interval\":200}\n\n"
#define ROCKET(id, speed, revision)                                            \
    "{\"id\":\"" id "\",\"type\":\"Falcon-9\",\"speed\":" speed                \
    ",\"mission\":\"ARTEMIS\",\"status\":\"active\",\"reason\":null,"          \
    "\"createdAt\":null,\"updatedAt\":\"2022-02-02T19:39:05Z\","               \
    "\"lastMessageNumber\":1,\"missingMessages\":0,\"revision\":" revision "}"
#define LAUNCHED(id)                                                           \
    "event: launched\ndata: {\"rockets\":[" ROCKET(id, "500",                  \
                                                   "1") "],\"more\":0}\n\n"
#define JSON "Content-Type: application/json\r\n"
#define PROBLEM_JSON "Content-Type: application/problem+json\r\n"

#endif
