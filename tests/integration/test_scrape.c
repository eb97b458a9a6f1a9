/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /metrics: every family moves with what it counts or measures.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Something that a client does. */
typedef void action(const struct instance *instance);

static void post_one(const struct instance *instance,
                     const struct fleet_message *message)
{
    struct connection connection;

    instance_connect(instance, &connection);
    fleet_post(&connection, message);
    connection_close(&connection);
}

static void launch(const struct instance *instance)
{
    struct fleet_message message = fleet_launched("one", 1, "A", 1, "B");

    post_one(instance, &message);
}

static void explode(const struct instance *instance)
{
    struct fleet_message message = fleet_exploded("one", 2, "C");

    post_one(instance, &message);
}

static void post_nonsense(const struct instance *instance)
{
    EXCHANGE(instance, .body = "{}", .status = 400);
}

/* A launch and an explosion, each twice, a line that is none, and a blank one.
 */
static void post_batch(const struct instance *instance)
{
    struct fleet_message launched = fleet_launched("two", 1, "A", 1, "B");
    struct fleet_message exploded = fleet_exploded("two", 2, "C");
    char lines[4 * FLEET_MAX_MESSAGE + 16];

    snprintf(lines, sizeof(lines), "%s\n%s\n%s\n%s\n\n[]\n", launched.body,
             exploded.body, launched.body, exploded.body);
    EXCHANGE(instance, .fields = BULK_TYPE, .body = lines, .status = 202);
}

/*
 * In this order, on one service: by how much an action changes a sample. Gauges
 * that must be there, but that no client can set, change by 0.
 */
static const struct {
    action *act;
    const char *sample;
    double change;
} rows[] = {
    {launch, "lunar_messages_total{result=\"applied\"}", 1},
    {launch, "lunar_messages_total{result=\"duplicate\"}", 1},
    {explode, "lunar_explosions_total", 1},
    {explode, "lunar_explosions_total", 0},
    {launch, "lunar_launches_total", 0},
    {post_nonsense, "lunar_messages_total{result=\"rejected\"}", 1},
    {post_batch, "lunar_launches_total", 1},
};

static void every_family_changes_with_what_it_counts(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        double before = scrape_value(*state, rows[i].sample);
        rows[i].act(*state);
        double change = scrape_value(*state, rows[i].sample) - before;
        if (change < rows[i].change || change > rows[i].change)
            fail_msg("row %zu: %s has changed by %g, not by %g", i,
                     rows[i].sample, change, rows[i].change);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_family_changes_with_what_it_counts),
    };
    return HARNESS_RUN_IN_BOTH_MODES(tests);
}
