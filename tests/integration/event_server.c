/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No thread: the kernel accepts connections before the test asks for them.
 */
#include "event_server.h"

#include "lib/harness.h"
#include "rockets_run.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void event_server_start(struct event_server *server, const char *path)
{
    server->listener = rockets_listen(server->url, path);
}

void event_server_stop(struct event_server *server)
{
    close(server->listener);
}

int event_server_accept(struct event_server *server,
                        char head[static EVENT_SERVER_HEAD])
{
    const int64_t deadline = process_clock() + PROCESS_PATIENCE;
    size_t length = 0;
    int client;

    assert_true(process_poll(server->listener, POLLIN, deadline));
    client = accept(server->listener, NULL, NULL);
    assert_true(client >= 0);
    do {
        ssize_t got;

        assert_true(process_poll(client, POLLIN, deadline));
        got = recv(client, head + length, EVENT_SERVER_HEAD - 1 - length, 0);
        assert_true(got > 0);
        length += (size_t)got;
        head[length] = '\0';
    } while (strstr(head, "\r\n\r\n") == NULL);
    return client;
}

int event_server_expect(struct event_server *server, const char *request,
                        char head[static EVENT_SERVER_HEAD])
{
    int client = event_server_accept(server, head);
    const size_t length = strlen(request);

    if (strncmp(head, request, length) != 0 ||
        strncmp(head + length, " HTTP/1.1\r\n", 11) != 0)
        fail_msg("expected %s, got %s", request, head);
    return client;
}

void event_server_send(int client, const char *text)
{
    const size_t length = strlen(text);

    assert_int_equal(send(client, text, length, MSG_NOSIGNAL), length);
}

void event_server_reply(int client, const char *status, const char *fields,
                        const char *body)
{
    char head[1024];

    snprintf(
        head, sizeof(head),
        "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n",
        status, strlen(body), fields);
    event_server_send(client, head);
    event_server_send(client, body);
    close(client);
}
