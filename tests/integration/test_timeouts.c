/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slow connections, all at once on one clock: which of them are closed, when,
 * and which get responses. Upper bounds are wide and lower bounds are tight: a
 * busy machine makes the service late, never early.
 */
#include "lib/harness.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum {
    TICK = 1000, /* milliseconds between two bytes */
    LAST_TICK = 70,
    SILENT = 10,   /* seconds: closed when idle for so long */
    DEADLINE = 30, /* seconds: for headers and body together */
    SLACK = 30,    /* seconds: how late the service may be */
};

/* A client: it sends all of `start` at once, then a byte of `drip` a tick. */
struct client {
    const char *name;
    const char *start;
    const char *drip;
    int drip_from;        /* tick of the first byte of `drip` */
    int expected;         /* status of success that it must get */
    int earliest, latest; /* seconds after which it must be closed */
    bool again;           /* sends `start` again every 5 ticks, until tick 45 */
    /* Results. */
    int answered;
    size_t dripped;
    int64_t closed; /* milliseconds after the start; 0: open */
    struct connection connection;
};

#define GET_HEALTH "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define POST_HEAD                                                              \
    "POST /messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
/* A byte a tick, for longer than the test takes. */
#define SPACES                                                                 \
    "                                        "                                 \
    "                                        "
#define BODY_START                                                             \
    "{\"metadata\":{\"channel\":\"timeout-1\",\"messageNumber\":1,"            \
    "\"messageTime\":\"2022-02-02T19:39:05Z\",\"messageType\":"                \
    "\"RocketSpeedIncreased\"},\"message\":{\"by\""
#define BODY_END ":          1}}"

_Static_assert(sizeof(SPACES) > LAST_TICK, "lasts for the whole test");
_Static_assert(sizeof(BODY_START BODY_END) - 1 == 157,
               "as in its Content-Length below");

static struct client clients[] = {
    {.name = "nothing sent", .earliest = SILENT - 2, .latest = SILENT + SLACK},
    {.name = "idle after a response",
     .start = GET_HEALTH,
     .expected = 1,
     .earliest = SILENT - 2,
     .latest = SILENT + SLACK},
    {.name = "slow headers",
     .start = "GET /health HTTP/1.1\r\nX: ",
     .drip = SPACES,
     .earliest = DEADLINE - 4,
     .latest = DEADLINE + SLACK},
    {.name = "slow request line",
     .drip = "GET /" SPACES,
     .earliest = DEADLINE - 4,
     .latest = DEADLINE + SLACK},
    {.name = "slow body",
     .start = POST_HEAD "1000\r\n\r\n",
     .drip = SPACES,
     .earliest = DEADLINE - 4,
     .latest = DEADLINE + SLACK},
    {.name = "slow body after a response",
     .start = GET_HEALTH POST_HEAD "1000\r\n\r\n",
     .expected = 1,
     .drip = SPACES,
     .earliest = DEADLINE - 4,
     .latest = DEADLINE + SLACK},
    {.name = "a request that takes 15 seconds",
     .start = POST_HEAD "157\r\n\r\n" BODY_START,
     .expected = 1,
     .drip = BODY_END,
     .earliest = 13,
     .latest = 15 + SILENT + SLACK},
    {.name = "a slow request after 5 idle seconds",
     .drip_from = 5,
     .drip = "GET / HTTP/1.0\r\n\r\n",
     .expected = 1,
     .earliest = 20,
     .latest = 23 + SLACK},
    {.name = "requests every 5 seconds for 45 seconds",
     .start = GET_HEALTH,
     .again = true,
     .expected = 10,
     .earliest = 45 + SILENT - 2,
     .latest = 45 + SILENT + SLACK},
};

enum { CLIENTS = sizeof(clients) / sizeof(clients[0]) };

static void send_at_tick(struct client *client, int tick)
{
    if (client->start != NULL &&
        (tick == 0 || (client->again && tick % 5 == 0 && tick <= 45)))
        (void)connection_send_text(&client->connection, client->start);
    if (client->drip != NULL && tick >= client->drip_from &&
        client->drip[client->dripped] != '\0') {
        (void)connection_send(&client->connection,
                              client->drip + client->dripped++, 1);
    }
}

/* Receive a response, or the end, on a client whose socket is readable. */
static void receive_for_client(struct client *client, int64_t start)
{
    struct response response;
    enum connection_result result =
        connection_receive(&client->connection, &response);

    if (result == CONNECTION_ANSWERED) {
        client->answered += response.status < 400 ? 1 : 0;
        response_release(&response);
    } else {
        client->closed = process_clock() - start;
    }
}

/* Receive for all clients until `deadline`. Return whether any is open. */
static bool receive_until(int64_t start, int64_t deadline)
{
    for (;;) {
        struct pollfd polled[CLIENTS];
        int64_t left = deadline - process_clock();
        bool open = false;

        for (size_t i = 0; i < CLIENTS; i++) {
            bool wanted = clients[i].closed == 0;
            polled[i] = (struct pollfd){
                wanted ? clients[i].connection.socket : -1, POLLIN, 0};
            open = open || wanted;
        }
        if (!open || left <= 0)
            return open;
        (void)poll(polled, CLIENTS, (int)left);
        for (size_t i = 0; i < CLIENTS; i++)
            if (clients[i].closed == 0 && polled[i].revents != 0)
                receive_for_client(&clients[i], start);
    }
}

/* Read the remaining responses: several may have been received at once. */
static void receive_remaining(struct client *client)
{
    struct response response;

    while (client->connection.length > 0 &&
           connection_receive(&client->connection, &response) ==
               CONNECTION_ANSWERED) {
        client->answered++;
        response_release(&response);
    }
}

static void check_client(struct client *client)
{
    receive_remaining(client);
    print_message("%s: %d answered, closed after %jd ms\n", client->name,
                  client->answered, (intmax_t)client->closed);
    assert_int_equal(client->answered, client->expected);
    assert_in_range(client->closed, client->earliest * TICK,
                    client->latest * TICK);
}

static void slow_connections_are_closed_in_time_and_no_sooner(void **state)
{
    int64_t start = process_clock();

    for (size_t i = 0; i < CLIENTS; i++)
        instance_connect(*state, &clients[i].connection);
    for (int tick = 0; tick < LAST_TICK; tick++) {
        for (size_t i = 0; i < CLIENTS; i++)
            if (clients[i].closed == 0)
                send_at_tick(&clients[i], tick);
        if (!receive_until(start, start + (int64_t)(tick + 1) * TICK))
            break;
    }
    (void)receive_until(start, start + (int64_t)(LAST_TICK + SLACK) * TICK);
    for (size_t i = 0; i < CLIENTS; i++) {
        check_client(&clients[i]);
        connection_close(&clients[i].connection);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_connections_are_closed_in_time_and_no_sooner),
    };
    return cmocka_run_group_tests(tests, instance_setup, instance_teardown);
}
