/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many clients at once that are idle, that send a byte a second, or that never
 * read a response. They are closed in time, they take no more memory than
 * documented, and other clients are served meanwhile. There is no next request
 * on such a connection. CTest runs each test by itself: its name is the
 * argument.
 */
#include "http_case.h"

#include "lib/harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    TICK = 1000,       /* milliseconds */
    IDLE = 10 * TICK,  /* the limit of idle connections */
    LIMIT = 30 * TICK, /* of a request, and of a response without progress */
    SLACK = 30 * TICK, /* how late the service may be */
};

/* Expect that others are served. Return the milliseconds that this took. */
static int64_t expect_service(const struct instance *service, uint64_t number)
{
    static const char *const targets[] = {
        "/health", "/rockets?sort=speed&order=desc&limit=10"};
    struct fleet_message message = fleet_faster("other", number, 1);
    int64_t start = process_clock();
    struct connection other;
    struct response response;

    instance_connect(service, &other);
    fleet_post(&other, &message);
    connection_close(&other);
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        instance_get(service, targets[i], &response);
        response_expect_status(&response, 200);
        response_release(&response);
    }
    return process_clock() - start;
}

enum {
    IDLERS = 10000,
    /* Connections of this test, connections being closed, and files. */
    DESCRIPTORS = IDLERS + 500,
    SERVED = 500, /* other clients beside them */
    KEEP_ALIVE_BELOW = 512,
};

/*
 * Some after a request and most without one, as left by a client that opens a
 * connection for each message and does not close it (RFC 9112 section 9.3: a
 * server may close a persistent connection at any time).
 */
static void ten_thousand_idle_connections(void **state)
{
    const char *const flags[] = {process_is_set("LUNAR_TEST_UNIX")
                                     ? "-max-connections=6000"
                                     : "-max-connections=12000",
                                 "-idle-timeout=10", NULL};
    static struct connection idlers[IDLERS];
    struct instance service;
    /* With a Unix socket beside it, the service needs twice as many files. */
    size_t count = process_is_set("LUNAR_TEST_UNIX") ? IDLERS / 2 : IDLERS;

    (void)state;
    if (sysconf(_SC_OPEN_MAX) < DESCRIPTORS)
        skip(); /* see ulimit -Hn */
    instance_start(&service, flags);
    int64_t begun = process_clock();
    for (size_t i = 0; i < count; i++) {
        instance_connect(&service, &idlers[i]);
        if (i % 2 == 0 && i < KEEP_ALIVE_BELOW - 1) {
            connection_get(&idlers[i], "/health");
            connection_expect_status(&idlers[i], 200);
        }
    }
    int64_t complete = process_clock();
    /* The machine may be busy; but none waits for idle ones to be closed. */
    for (uint64_t i = 1; i <= SERVED; i++)
        assert_true(expect_service(&service, i) < IDLE);
    bool early = process_clock() - begun < IDLE - 2 * TICK;
    for (size_t i = 0; early && i < count; i++)
        assert_false(connection_is_closed(&idlers[i]));
    for (size_t i = 0; i < count; i++) {
        assert_false(connection_fill(&idlers[i], 1, complete + IDLE + SLACK));
        assert_true(idlers[i].ended);
        connection_close(&idlers[i]);
    }
    instance_stop(&service);
}

#define TYPED POST BULK_TYPE
#define BODIED "Content-Length: 1000\r\n\r\n"
#define CHUNKS CHUNKED "\r\n"

/* A whole request, see write_parameters(). */
static char many_parameters[10000];

/* `more` is sent a byte a tick, over and over, after `start`. */
static const struct kind {
    const char *rule, *name, *start, *more;
    bool goes_on; /* it is not closed */
    bool sooner;  /* it may be closed before the deadline */
} kinds[] = {
    {"9112 3", "the method", "", "GET", false, false},
    {"9112 2.2", "empty lines", "\r\n", "\r\n", false, false},
    {"9112 5", "a field's name", POST, "X", false, false},
    {"9112 5", "fields", POST, "X: y\r\n", false, false},
    {"9112 6.3", "the body", POST BODIED MESSAGE, " ", false, false},
    {"9112 7.1", "a chunk's size", POST CHUNKS, "0", false, false},
    {"9112 7.1.1", "an extension", POST CHUNKS "1;", "a", false, false},
    {"9112 7.1", "a chunk", POST CHUNKS "1000\r\n" MESSAGE, " ", false, false},
    {"9112 7.1", "chunks", POST CHUNKS, "1\r\n \r\n", false, false},
    {"9112 7.1.2", "trailers", POST CHUNKS "1\r\n \r\n0\r\n", "X: y\r\n", false,
     false},
    {"9110 10.1.1", "after 100", POST EXPECT BODIED, " ", false, false},
    /*
     * Should get 414 at once. libmicrohttpd has no memory for so many
     * parameters, and then either closes the connection or waits for more.
     */
    {"9110 15.5.15", "2,000 parameters", many_parameters, "x", false, true},
    /* A batch is measured by its progress. */
    {"9112 6.3", "a batch", TYPED BODIED, "\n", true, false},
    {"9112 7.1", "a batch in a chunk", TYPED CHUNKS "1000\r\n", "\n", true,
     false},
};

enum {
    KINDS = sizeof(kinds) / sizeof(kinds[0]),
    SLOW = 25 * KINDS,
    POSTED = 10, /* messages a tick */
};

static struct client {
    const struct kind *kind;
    struct connection connection;
    int64_t closed; /* milliseconds after the start; 0: open */
} clients[SLOW];

static void write_parameters(void)
{
    enum { SIZE = sizeof(many_parameters) };
    int length = snprintf(many_parameters, SIZE, "GET /health?");

    for (; length < 8000; length++)
        many_parameters[length] = "a=b&"[length % 4];
    snprintf(many_parameters + length, (size_t)(SIZE - length),
             " HTTP/1.1\r\n" HOST "\r\n");
}

/* Send another byte to each. Returns whether one is open that must not be. */
static bool send_bytes(size_t tick, int64_t start)
{
    bool open = false;

    for (size_t i = 0; i < SLOW; i++) {
        const struct kind *kind = clients[i].kind;
        if (clients[i].closed != 0)
            continue;
        (void)connection_send(&clients[i].connection,
                              &kind->more[tick % strlen(kind->more)], 1);
        if (connection_is_closed(&clients[i].connection))
            clients[i].closed = process_clock() - start;
        else
            open = open || !kind->goes_on;
    }
    return open;
}

/*
 * A request has one deadline as a whole (RFC 9110 section 15.5.9 leaves the
 * time to the server), from its first byte, and no effect if it is not complete
 * by then.
 */
static void clients_that_send_a_byte_a_second(void **state)
{
    struct instance service;
    uint64_t posted = 0;

    (void)state;
    write_parameters();
    instance_start(&service, NULL);
    int64_t start = process_clock(), next = start;
    for (size_t i = 0; i < SLOW; i++) {
        clients[i].kind = &kinds[i % KINDS];
        instance_connect(&service, &clients[i].connection);
        assert_true(connection_send_text(&clients[i].connection,
                                         clients[i].kind->start));
    }
    for (size_t tick = 0; send_bytes(tick, start); tick++) {
        assert_true(next - start < LIMIT + SLACK);
        for (int i = 0; i < POSTED; i++)
            expect_service(&service, ++posted);
        process_wait_until(next += TICK);
    }
    for (size_t i = 0; i < SLOW; i++) {
        const struct kind *kind = clients[i].kind;
        bool early = clients[i].closed < LIMIT - 4 * TICK && !kind->sooner;
        if (kind->goes_on ? clients[i].closed != 0 : early)
            fail_msg("RFC %s, %s: closed after %jd ms", kind->rule, kind->name,
                     (intmax_t)clients[i].closed);
        connection_close(&clients[i].connection);
    }
    assert_int_equal(bulk_messages_of(&service, "http-" MARK "-sent"), 0);
    assert_int_equal(bulk_messages_of(&service, "other"), posted);
    instance_stop(&service);
}

enum {
    BATCH = 20000, /* rockets of a request */
    LISTS = 6,
    PAGES = 20,
    SERIES = 40,
    MUTES = LISTS + PAGES + 2 * SERIES,
    MEGABYTE = 1024 * 1024,
    /* As documented: bytes a rocket in each list, of other unsent responses. */
    LIST_KEY = 24,
    MAX_UNSENT = 128 * MEGABYTE,
/* Memory of connections, buffers, what malloc(3) keeps, or a sanitizer. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    OTHERS = 512 * MEGABYTE,
#else
    OTHERS = 64 * MEGABYTE,
#endif
};

/* Return the resident set size of the service in bytes. */
static size_t memory_of(const struct instance *service)
{
    char path[64], line[128];

    snprintf(path, sizeof(path), "/proc/%d/statm", (int)service->process.pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    fclose(file);
    return strtoul(line + strcspn(line, " "), NULL, 10) *
           (size_t)sysconf(_SC_PAGESIZE);
}

/*
 * The service's descriptors show which connections it has open: data that it
 * has written is in the kernel, which may keep it for longer.
 */
static size_t count_descriptors(const struct instance *service)
{
    size_t count = 0;

    for (int fd = 0; fd < 2 * MUTES; fd++) {
        char path[64];
        snprintf(path, sizeof(path), "/proc/%d/fd/%d",
                 (int)service->process.pid, fd);
        count += faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    }
    return count;
}

static void post_rockets(const struct instance *service, size_t rockets)
{
    struct connection connection;

    instance_connect(service, &connection);
    for (size_t i = 0; i < rockets;) {
        size_t first = i;
        struct bulk bulk;
        bulk_begin(&bulk);
        for (; i < rockets && i < first + BATCH; i++) {
            char id[32];
            snprintf(id, sizeof(id), "mute-%07zu", i);
            bulk_add(&bulk, id, 1);
        }
        bulk_end(&bulk);
        assert_true(connection_post_with(&connection, BULK_TYPE, bulk.text));
        bulk_expect_applied(&connection, i - first);
        free(bulk.text);
    }
    connection_close(&connection);
}

/* What clients send before they stop to do anything. */
static const struct {
    size_t clients, requests;
    const char *target;
} mute[] = {
    {LISTS, 1, "/rockets?sort=speed"},
    {PAGES, 1, "/rockets?limit=10000"},
    {SERIES, 400, "/rockets/mute-0000001"},
    {SERIES, 400, "/openapi.yaml"},
};

/*
 * At once: a Unix socket takes as many small pieces only as the service reads
 * meanwhile, and it reads no requests while it can't send.
 */
static void send_gets(const struct instance *service, size_t kind,
                      struct connection mutes[])
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    assert_non_null(stream);
    for (size_t i = 0; i < mute[kind].requests; i++)
        fprintf(stream, "GET %s HTTP/1.1\r\n" HOST "\r\n", mute[kind].target);
    assert_int_equal(fclose(stream), 0);
    for (size_t i = 0; i < mute[kind].clients; i++) {
        assert_true(connection_open_narrow(&mutes[i], service->port));
        assert_true(connection_send(&mutes[i], text, length));
    }
    free(text);
}

/*
 * TCP flow control stops the service from sending (RFC 9293 section 3.8.6). It
 * may close inactive connections (RFC 9112 section 9.5).
 */
static void clients_that_never_read(void **state)
{
    size_t rockets = strtoul(process_setting("LUNAR_MANY_ROCKETS"), NULL, 10);
    struct connection mutes[MUTES];
    struct instance service;
    uint64_t posted = 0;
    size_t begun = 0, opened = LISTS;

    (void)state;
    instance_start(&service, INSTANCE_FLAGS("-idle-timeout=10"));
    size_t descriptors = count_descriptors(&service);
    post_rockets(&service, rockets);
    size_t before = memory_of(&service), most = before;
    int64_t start = process_clock();
    send_gets(&service, 0, mutes);
    expect_service(&service, ++posted);
    /* Lists of so many rockets take long; no other client waits for them. */
    for (size_t i = 0; i < LISTS; i++)
        begun += connection_has_news(&mutes[i]) ? 1 : 0;
    assert_in_range(begun, 0, LISTS / 2);
    for (size_t kind = 1; kind < sizeof(mute) / sizeof(mute[0]); kind++) {
        send_gets(&service, kind, mutes + opened);
        opened += mute[kind].clients;
    }
    while (count_descriptors(&service) > descriptors &&
           process_clock() - start < LIMIT + 3 * SLACK) {
        int64_t next = process_clock() + TICK;
        expect_service(&service, ++posted);
        size_t memory = memory_of(&service);
        most = memory > most ? memory : most;
        process_wait_until(next);
    }
    print_message("%zu MB before, at most %zu MB\n", before / MEGABYTE,
                  most / MEGABYTE);
    assert_int_equal(count_descriptors(&service), descriptors);
    assert_in_range(most, before,
                    before + MAX_UNSENT + (size_t)LISTS * LIST_KEY * rockets +
                        OTHERS);
    for (size_t i = 0; i < opened; i++)
        connection_close(&mutes[i]);
    assert_int_equal(bulk_messages_of(&service, "other"), posted);
    instance_stop(&service);
}

int main(int count, char *arguments[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_idle_connections),
        cmocka_unit_test(clients_that_send_a_byte_a_second),
        cmocka_unit_test(clients_that_never_read),
    };
    connection_raise_limit();
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
