/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many clients at once that send a byte a second: in the request line, the
 * head, the body, chunks. A request has one deadline as a whole (RFC 9110
 * section 15.5.9 leaves the time to the server). At the deadline the connection
 * is closed and the request has no effect; so there is no next request on it. A
 * batch is measured by its progress and is not closed. Other clients are not
 * affected: messages are posted meanwhile.
 */
#include "lib/harness.h"

#include "lib/bulk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TICK = 1000,   /* milliseconds between two bytes */
    DEADLINE = 30, /* seconds: for headers and body together */
    SLACK = 30,    /* seconds: how late the service may be */
    EACH = 25,     /* clients of each kind */
    /* Minimum of messages posted meanwhile: a few each tick. */
    LEAST_POSTED = 10 * DEADLINE,
};

#define POST "POST /messages HTTP/1.1\r\nHost: localhost\r\n"
#define TYPED POST "Content-Type: application/x-ndjson\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"

/* A message of 140 bytes; spaces may follow it. */
#define MESSAGE                                                                \
    "{\"metadata\":{\"channel\":\"slow-1\",\"messageNumber\":1,"               \
    "\"messageTime\":\"2022-02-02T19:39:05Z\",\"messageType\":"                \
    "\"RocketSpeedIncreased\"},\"message\":{\"by\":1}}"

/* A whole request, see write_parameters(). */
static char many_parameters[10000];

/* What happens to the connection at the deadline. */
enum fate {
    CUT,     /* closed at the deadline */
    SOONER,  /* closed at the deadline or before */
    GOES_ON, /* kept open */
};

static const struct kind {
    const char *rule, *name;
    const char *start;     /* sent at once */
    const char *drip_byte; /* sent repeatedly, a byte a tick */
    enum fate fate;
} kinds[] = {
    {"RFC 9112 3", "the method", "", "GET", CUT},
    {"RFC 9112 3", "the target", "GET /", "x", CUT},
    {"RFC 9112 2.2", "empty lines", "\r\n", "\r\n", CUT},
    {"RFC 9112 5", "a field's name", POST, "X", CUT},
    {"RFC 9112 5", "a field's value", POST "X: ", " ", CUT},
    {"RFC 9112 5", "fields", POST, "X: y\r\n", CUT},
    {"RFC 9112 6.3", "the body", POST "Content-Length: 1000\r\n\r\n" MESSAGE,
     " ", CUT},
    {"RFC 9112 7.1", "a chunk's size", POST CHUNKED, "0", CUT},
    {"RFC 9112 7.1.1", "a chunk's extension", POST CHUNKED "1;", "a", CUT},
    {"RFC 9112 7.1", "a chunk", POST CHUNKED "1000\r\n" MESSAGE, " ", CUT},
    {"RFC 9112 7.1", "chunks", POST CHUNKED, "1\r\n \r\n", CUT},
    {"RFC 9112 7.1.2", "trailers", POST CHUNKED "1\r\n \r\n0\r\n", "X: y\r\n",
     CUT},
    {"RFC 9110 10.1.1", "the body, after 100",
     POST "Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n", " ", CUT},
    /*
     * Should get 414 at once. libmicrohttpd has no memory for so many
     * parameters, and then either closes the connection or waits for more.
     */
    {"RFC 9110 15.5.15", "a query of 2,000 parameters", many_parameters, "x",
     SOONER},
    {"RFC 9112 6.3", "a batch", TYPED "Content-Length: 1000\r\n\r\n", "\n",
     GOES_ON},
    {"RFC 9112 7.1", "a batch in a chunk", TYPED CHUNKED "1000\r\n", "\n",
     GOES_ON},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]), CLIENTS = EACH * KINDS };

struct client {
    const struct kind *kind;
    struct connection connection;
    size_t dripped;
    int64_t closed; /* milliseconds after the start; 0: open */
};

static void write_parameters(void)
{
    enum { PARAMETERS = 2000 };
    size_t length = 0;

    for (int i = 0; i <= PARAMETERS + 1; i++)
        length += (size_t)snprintf(
            many_parameters + length, sizeof(many_parameters) - length, "%s",
            i == 0            ? "GET /health?"
            : i <= PARAMETERS ? "a=b&"
                              : " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_in_range(length, 4 * PARAMETERS, sizeof(many_parameters) - 1);
}

static void open_clients(const struct instance *instance,
                         struct client *clients)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i].kind = &kinds[i % KINDS];
        instance_connect(instance, &clients[i].connection);
        assert_true(connection_send_text(&clients[i].connection,
                                         clients[i].kind->start));
    }
}

static void drip_byte(struct client *client, int64_t start)
{
    const char *text = client->kind->drip_byte;

    if (client->closed != 0)
        return;
    (void)connection_send(&client->connection,
                          &text[client->dripped++ % strlen(text)], 1);
    if (connection_is_closed(&client->connection))
        client->closed = process_clock() - start;
}

/*
 * Post messages until `until`, in turn on `kept` and on new connections. Return
 * the last message number.
 */
static unsigned post_until(const struct instance *instance,
                           struct connection *kept, unsigned number,
                           int64_t until)
{
    while (process_clock() < until) {
        struct fleet_message message = fleet_faster("steady-1", ++number, 1);
        struct connection fresh;

        if (number % 2 == 0) {
            fleet_post(kept, &message);
            continue;
        }
        instance_connect(instance, &fresh);
        fleet_post(&fresh, &message);
        connection_close(&fresh);
        process_wait_until(process_clock() + 2);
    }
    return number;
}

static bool any_is_open(const struct client *clients)
{
    for (size_t i = 0; i < CLIENTS; i++)
        if (clients[i].kind->fate != GOES_ON && clients[i].closed == 0)
            return true;
    return false;
}

static void expect_closed_in_time(const struct client *client)
{
    const struct kind *kind = client->kind;
    int64_t latest = (int64_t)(DEADLINE + SLACK) * TICK;

    /* The deadline of a request counts from its first byte. */
    if ((client->closed < (int64_t)(DEADLINE - 4) * TICK &&
         kind->fate != SOONER) ||
        client->closed > latest)
        fail_msg("%s, %s: closed after %jd ms", kind->rule, kind->name,
                 (intmax_t)client->closed);
}

/* Send the rest of a batch, with a length or as one chunk, and expect 202. */
static void expect_batch_completed(struct client *client)
{
    bool chunked = strstr(client->kind->start, CHUNKED) != NULL;
    size_t left = (chunked ? 0x1000 : 1000) - client->dripped;
    char *rest = malloc(left);

    assert_non_null(rest);
    memset(rest, '\n', left);
    memcpy(rest, MESSAGE, sizeof(MESSAGE) - 1);
    assert_true(connection_send(&client->connection, rest, left));
    if (chunked)
        assert_true(connection_send_text(&client->connection, "\r\n0\r\n\r\n"));
    connection_expect_status(&client->connection, 202);
    bulk_expect_next(&client->connection);
    free(rest);
}

static void byte_a_second_is_closed_and_affects_no_other(void **state)
{
    struct client *clients = calloc(CLIENTS, sizeof(*clients));
    struct connection kept;
    unsigned posted = 0;

    assert_non_null(clients);
    write_parameters();
    instance_connect(*state, &kept);
    int64_t start = process_clock();
    open_clients(*state, clients);
    for (int tick = 1; tick <= DEADLINE + SLACK && any_is_open(clients);
         tick++) {
        for (size_t i = 0; i < CLIENTS; i++)
            drip_byte(&clients[i], start);
        posted =
            post_until(*state, &kept, posted, start + (int64_t)tick * TICK);
    }
    print_message("%u clients, %u messages posted beside them\n",
                  (unsigned)CLIENTS, posted);
    assert_true(posted >= LEAST_POSTED);
    for (size_t i = 0; i < CLIENTS; i++)
        if (clients[i].kind->fate != GOES_ON)
            expect_closed_in_time(&clients[i]);
    assert_int_equal(bulk_messages_of(*state, "slow-1"), 0);
    for (size_t i = 0; i < CLIENTS; i++) {
        if (clients[i].kind->fate == GOES_ON)
            expect_batch_completed(&clients[i]);
        connection_close(&clients[i].connection);
    }
    assert_int_equal(bulk_messages_of(*state, "slow-1"), 1);
    assert_int_equal(bulk_messages_of(*state, "steady-1"), posted);
    connection_close(&kept);
    free(clients);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(byte_a_second_is_closed_and_affects_no_other),
    };
    return cmocka_run_group_tests(tests, instance_setup, instance_teardown);
}
