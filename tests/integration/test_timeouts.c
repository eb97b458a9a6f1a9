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
    /* Rockets of about 500 bytes: more than all buffers on the way hold. */
    ROCKETS = 20000,
    PADDING = 256,
    BYTES_PER_TICK = 200 * 1024,
};

/* A client: it sends all of `start` at once, then a byte of `drip` a tick. */
struct client {
    const char *name;
    const char *start;
    const char *drip;
    int drip_from;        /* tick of the first byte of `drip` */
    int expected;         /* responses of success that it must get */
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

#define CLOSED(reason) "lunar_connections_closed_total{reason=\"" reason "\"}"
#define CLOSED_AFTER(seconds)                                                  \
    .earliest = (seconds)-2, .latest = (seconds) + SLACK

static const struct client scripts[] = {
    {"nothing sent", CLOSED_AFTER(SILENT)},
    {"idle after a response", GET_HEALTH, .expected = 1, CLOSED_AFTER(SILENT)},
    {"slow headers", "GET /health HTTP/1.1\r\nX: ", SPACES,
     CLOSED_AFTER(DEADLINE)},
    {"slow request line", .drip = "GET /" SPACES, CLOSED_AFTER(DEADLINE)},
    {"slow body", POST_HEAD "1000\r\n\r\n", SPACES, CLOSED_AFTER(DEADLINE)},
    {"slow body after a response", GET_HEALTH POST_HEAD "1000\r\n\r\n", SPACES,
     .expected = 1, CLOSED_AFTER(DEADLINE)},
    {"a request that takes 15 seconds", POST_HEAD "157\r\n\r\n" BODY_START,
     BODY_END, .expected = 1, .earliest = 13, .latest = 15 + SILENT + SLACK},
    {"a slow request after 5 idle seconds", .drip_from = 5,
     .drip = "GET / HTTP/1.0\r\n\r\n", .expected = 1, .earliest = 20,
     .latest = 23 + SLACK},
    {"requests every 5 seconds for 45 seconds", GET_HEALTH, .again = true,
     .expected = 10, CLOSED_AFTER(45 + SILENT)},
};

enum { SCRIPTS = sizeof(scripts) / sizeof(scripts[0]), MODES = 2 };

/* One service a thread mode, with a client a script. */
static struct instance services[MODES];
static struct client clients[MODES * SCRIPTS];
enum { CLIENTS = MODES * SCRIPTS };

static void send_at_tick(struct client *client, int tick)
{
    if (client->closed != 0)
        return;
    if (client->start != NULL &&
        (tick == 0 || (client->again && tick % 5 == 0 && tick <= 45)))
        (void)connection_send_text(&client->connection, client->start);
    if (client->drip != NULL && tick >= client->drip_from &&
        client->drip[client->dripped] != '\0')
        (void)connection_send(&client->connection,
                              client->drip + client->dripped++, 1);
}

/* Receive responses, or the end, on a client whose socket is readable. */
static void receive_for_client(struct client *client, int64_t start)
{
    struct response response;

    do {
        if (connection_receive(&client->connection, &response) !=
            CONNECTION_ANSWERED) {
            client->closed = process_clock() - start;
            return;
        }
        client->answered += response.status < 400 ? 1 : 0;
        response_release(&response);
    } while (client->connection.length > 0);
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

/* Readers of a long list, and a client that posts meanwhile. */
static struct readers {
    struct connection stuck, steady, other;
} readers[MODES];

static void begin_reading(const struct instance *service,
                          struct readers *reading)
{
    instance_begin(service, "/rockets?sort=speed", &reading->stuck);
    instance_begin(service, "/rockets?sort=speed", &reading->steady);
    instance_connect(service, &reading->other);
}

/* Read BYTES_PER_TICK bytes, or less if `deadline` passes first. */
static void read_at_tick(struct readers *reading, int tick, int64_t deadline)
{
    struct fleet_message message =
        fleet_faster("rocket-000000", (uint64_t)tick + 2, 1);
    size_t before = reading->steady.length;

    fleet_post(&reading->other, &message);
    while (reading->steady.length - before < BYTES_PER_TICK &&
           connection_fill(&reading->steady, 16384, deadline))
        continue;
}

static void expect_reader_cut_off_without_progress(struct readers *reading)
{
    struct response response;

    /* Read the rest, if the machine was too slow for that many ticks. */
    connection_expect(&reading->steady, &response);
    response_expect_status(&response, 200);
    assert_int_equal(response.framing, RESPONSE_CHUNKED);
    cJSON *json = response_json(&response);
    assert_int_equal(cJSON_GetArraySize(json), ROCKETS);
    cJSON_Delete(json);
    response_release(&response);
    /* Bytes under way are still received, but not the end of the list. */
    assert_int_equal(connection_receive(&reading->stuck, &response),
                     CONNECTION_CUT);
    connection_close(&reading->stuck);
    connection_close(&reading->steady);
    connection_close(&reading->other);
}

static void expect_closed_in_time(struct client *client)
{
    print_message("%s: %d answered, closed after %jd ms\n", client->name,
                  client->answered, (intmax_t)client->closed);
    assert_int_equal(client->answered, client->expected);
    assert_in_range(client->closed, client->earliest * TICK,
                    client->latest * TICK);
    connection_close(&client->connection);
}

static int setup(void **state)
{
    (void)state;
    instance_start(&services[0], INSTANCE_FLAGS("-idle-timeout=10"));
    instance_start(&services[1], INSTANCE_FLAGS("-idle-timeout=10",
                                                "-threads=per-connection"));
    for (size_t i = 0; i < MODES; i++)
        fleet_launch(&services[i], ROCKETS, PADDING);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < MODES; i++)
        instance_stop(&services[i]);
    return 0;
}

/*
 * A client that reads nothing is cut off after 30 s; one that keeps reading
 * gets the whole list, however long that takes.
 */
static void slow_connections_are_closed_in_time_and_no_sooner(void **state)
{
    (void)state;
    for (size_t i = 0; i < MODES; i++)
        begin_reading(&services[i], &readers[i]);
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = scripts[i % SCRIPTS];
        instance_connect(&services[i / SCRIPTS], &clients[i].connection);
    }
    int64_t start = process_clock();
    for (int tick = 0; tick < LAST_TICK; tick++) {
        int64_t end = start + (int64_t)(tick + 1) * TICK;

        for (size_t i = 0; i < CLIENTS; i++)
            send_at_tick(&clients[i], tick);
        for (size_t i = 0; i < MODES; i++)
            read_at_tick(&readers[i], tick, end);
        if (!receive_until(start, end) && tick >= DEADLINE + SLACK)
            break;
        process_wait_until(end);
    }
    (void)receive_until(start, start + (int64_t)(LAST_TICK + SLACK) * TICK);
    for (size_t i = 0; i < CLIENTS; i++)
        expect_closed_in_time(&clients[i]);
    for (size_t i = 0; i < MODES; i++) {
        expect_reader_cut_off_without_progress(&readers[i]);
        /* They are counted once they have ended, so perhaps after that. */
        scrape_wait_for(&services[i], CLOSED("slow_request"), 4);
        scrape_wait_for(&services[i], CLOSED("slow_response"), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_connections_are_closed_in_time_and_no_sooner),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
