/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -max-memory is reached while many clients launch rockets: new rockets are
 * refused, known ones are updated meanwhile, and the counts are right.
 */
#include "lib/harness.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/bulk.h"

enum {
    FLOODERS = 3,
    UPDATERS = 2,
    KNOWN = 40,        /* rockets of each updater */
    MAX_REFUSED = 300, /* refusals after which a flooder stops */
    BATCH = 50,        /* lines of new rockets in the batch */
};

static const char *const little[] = {"-max-memory=2M", NULL};

struct client {
    pthread_t thread;
    int index;
    uint16_t port;
    atomic_uint taken, refused, wrong;
    atomic_bool *ended;      /* for updaters: the flooders have stopped */
    uint64_t numbers[KNOWN]; /* of the last message of each rocket */
};

/*
 * Post `body`. Return the status of the response, or 0 if there is none, or if
 * a 503 lacks Retry-After.
 */
static unsigned post_for_status(struct connection *connection, const char *body)
{
    struct response response;
    unsigned status = 0;

    connection_post(connection, body);
    if (connection_receive(connection, &response) == CONNECTION_ANSWERED) {
        status = response.status;
        if (status == 503 && response_header(&response, "Retry-After") == NULL)
            status = 0;
        response_release(&response);
    }
    return status;
}

static void *launch_until_refused(void *context)
{
    struct client *client = context;
    struct connection connection;

    if (!connection_open(&connection, client->port))
        client->wrong++;
    for (unsigned i = 0; client->wrong == 0 && client->refused < MAX_REFUSED;
         i++) {
        char id[32];
        snprintf(id, sizeof(id), "new-%d-%u", client->index, i);
        struct fleet_message message =
            fleet_launched(id, 1, "Falcon-9", 500, "ARTEMIS");
        unsigned status = post_for_status(&connection, message.body);
        client->taken += status == 202;
        client->refused += status == 503;
        client->wrong += status != 202 && status != 503;
    }
    connection_close(&connection);
    return NULL;
}

/* Messages of known rockets, in order: none of them needs memory. */
static void *update_known(void *context)
{
    struct client *client = context;
    struct connection connection;

    if (!connection_open(&connection, client->port))
        client->wrong++;
    for (unsigned i = 0; client->wrong == 0 && !*client->ended; i++) {
        char id[32];
        snprintf(id, sizeof(id), "known-%d-%u", client->index, i % KNOWN);
        struct fleet_message message =
            fleet_faster(id, client->numbers[i % KNOWN] + 1, 1);
        if (post_for_status(&connection, message.body) == 202)
            client->numbers[i % KNOWN]++;
        else
            client->wrong++;
    }
    connection_close(&connection);
    return NULL;
}

static void launch_known(const struct instance *instance,
                         struct client *updaters)
{
    struct connection connection;

    instance_connect(instance, &connection);
    for (int i = 0; i < UPDATERS * KNOWN; i++) {
        char id[32];
        snprintf(id, sizeof(id), "known-%d-%d", i / KNOWN, i % KNOWN);
        struct fleet_message message =
            fleet_launched(id, 1, "Falcon-9", 500, "ARTEMIS");
        fleet_post(&connection, &message);
        updaters[i / KNOWN].numbers[i % KNOWN] = 1;
    }
    connection_close(&connection);
}

static void start_clients(const struct instance *instance,
                          struct client *clients, int count,
                          void *(*run)(void *), atomic_bool *ended)
{
    for (int i = 0; i < count; i++) {
        clients[i].index = i;
        clients[i].port = instance->port;
        clients[i].ended = ended;
        assert_int_equal(
            pthread_create(&clients[i].thread, NULL, run, &clients[i]), 0);
    }
}

static unsigned join_clients(struct client *clients, int count)
{
    unsigned taken = 0;

    for (int i = 0; i < count; i++) {
        pthread_join(clients[i].thread, NULL);
        assert_int_equal(clients[i].wrong, 0);
        taken += clients[i].taken;
    }
    return taken;
}

static void expect_count(const struct instance *instance, unsigned count)
{
    struct response response;
    char expected[32];

    snprintf(expected, sizeof(expected), "%u", count);
    instance_get(instance, "/rockets?limit=1", &response);
    response_expect_header(&response, "X-Total-Count", expected);
    response_release(&response);
}

/* Each known rocket has all messages that were accepted, and no others. */
static void expect_last_numbers(const struct instance *instance,
                                const struct client *updaters)
{
    for (int i = 0; i < UPDATERS * KNOWN; i++) {
        char id[32];
        snprintf(id, sizeof(id), "known-%d-%d", i / KNOWN, i % KNOWN);
        assert_int_equal(bulk_messages_of(instance, id),
                         updaters[i / KNOWN].numbers[i % KNOWN]);
    }
}

/*
 * Send a batch of new rockets and known ones, in turn, when memory is full. The
 * messages of the known rockets are applied; the response is 503.
 */
static void expect_batch_refused(const struct instance *instance,
                                 struct client *updaters)
{
    struct connection connection;
    struct bulk bulk;

    bulk_begin(&bulk);
    for (int i = 0; i < BATCH; i++) {
        char id[160];
        struct client *updater = &updaters[i % UPDATERS];
        snprintf(id, sizeof(id), "batch-%0120d", i);
        bulk_add(&bulk, id, 1);
        snprintf(id, sizeof(id), "known-%d-%d", i % UPDATERS, i % KNOWN);
        bulk_add(&bulk, id, ++updater->numbers[i % KNOWN]);
    }
    bulk_end(&bulk);
    instance_connect(instance, &connection);
    connection_post_with(&connection, BULK_TYPE, bulk.text);
    connection_expect_status(&connection, 503);
    connection_close(&connection);
    free(bulk.text);
}

static void known_rockets_are_updated_while_new_ones_are_refused(void **state)
{
    static struct client flooders[FLOODERS], updaters[UPDATERS];
    struct instance instance;
    atomic_bool ended = false;

    (void)state;
    instance_start(&instance, little);
    launch_known(&instance, updaters);
    start_clients(&instance, updaters, UPDATERS, update_known, &ended);
    start_clients(&instance, flooders, FLOODERS, launch_until_refused, NULL);
    unsigned taken = join_clients(flooders, FLOODERS);
    ended = true;
    (void)join_clients(updaters, UPDATERS);
    assert_in_range(taken, 100, 1000000);
    expect_count(&instance, taken + UPDATERS * KNOWN);
    expect_last_numbers(&instance, updaters);
    expect_batch_refused(&instance, updaters);
    expect_last_numbers(&instance, updaters);
    instance_stop(&instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_rockets_are_updated_while_new_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
