/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times writing of rockets as JSON, and parsing and formatting of times.
 */
#include "parts.h"

#include <stdbool.h>
#include <string.h>

#include "api/rocket_json.h"
#include "flags.h"
#include "format/timestamp.h"
#include "http/response.h"
#include "parts_fleet.h"
#include "parts_measure.h"
#include "traffic.h"

enum { TIMES = 256, REPEATS = 100, WRITES = TIMES * REPEATS };

enum { ACTIVE, EXPLODED, UNKNOWN, VIEWS };

struct inputs {
    struct rocket_view views[VIEWS];
    struct timestamp times[TIMES];
    char texts[TIMES][TRAFFIC_TIME_SIZE];
};

static void make_inputs(struct inputs *inputs)
{
    struct rocket_view view = {
        .id = TEXT("193270a9-c9cf-404a-8f83-838e71d9ae67"),
        .mission = TEXT("ARTEMIS"),
        .speed = 143500,
        .last_number = 4711,
    };
    struct random random = random_start(PARTS_SEED, RANDOM_MESSAGES);

    for (size_t i = 0; i < TIMES; i++) {
        const struct traffic_message message = {
            .time = (int64_t)(random_next(&random) % (UINT64_C(1) << 61))};
        traffic_time(&message, inputs->texts[i]);
        if (!timestamp_parse(text_of(inputs->texts[i]), &inputs->times[i]))
            die("timestamp_parse: %s", inputs->texts[i]);
    }
    view.updated = inputs->times[0];
    inputs->views[UNKNOWN] = view;
    view.type = TEXT("Falcon-9");
    view.launched = true;
    view.created = inputs->times[1];
    inputs->views[ACTIVE] = view;
    view.exploded = true;
    view.reason = TEXT("PRESSURE_VESSEL_FAILURE");
    inputs->views[EXPLODED] = view;
}

/*
 * Many rockets are written to one buffer, as in a list. Returns nanoseconds
 * per rocket.
 */
static double write_rockets(const struct rocket_view *view)
{
    struct buffer out = BUFFER_INIT;
    uint64_t begun = parts_now();

    for (size_t i = 0; i < WRITES; i++) {
        if (out.length >= HTTP_STREAM_BLOCK)
            buffer_clear(&out);
        rocket_json_write(&out, view);
    }
    uint64_t took = parts_now() - begun;
    if (buffer_failed(&out))
        die("no memory for rockets as JSON");
    buffer_release(&out);
    return (double)took / WRITES;
}

static double parse_times(const struct inputs *inputs)
{
    struct text texts[TIMES];
    struct timestamp time;
    size_t parsed = 0;

    for (size_t i = 0; i < TIMES; i++)
        texts[i] = text_of(inputs->texts[i]);
    uint64_t begun = parts_now();
    for (size_t i = 0; i < REPEATS; i++)
        for (size_t j = 0; j < TIMES; j++)
            parsed += timestamp_parse(texts[j], &time);
    uint64_t took = parts_now() - begun;
    if (parsed != WRITES)
        die("timestamp_parse rejected a valid time");
    return (double)took / WRITES;
}

static double format_times(const struct inputs *inputs)
{
    char text[TIMESTAMP_MAX_LENGTH];
    size_t length = 0, expected = 0;
    uint64_t begun = parts_now();

    for (size_t i = 0; i < REPEATS; i++)
        for (size_t j = 0; j < TIMES; j++)
            length += timestamp_format(&inputs->times[j], text);
    uint64_t took = parts_now() - begun;
    for (size_t i = 0; i < TIMES; i++)
        expected += strlen(inputs->texts[i]);
    if (length != REPEATS * expected)
        die("timestamp_format wrote texts of a different length");
    return (double)took / WRITES;
}

void parts_write(const struct parts_options *options)
{
    struct parts_figure figures[] = {
        [ACTIVE] = {.item = "rocket_json_write: an active rocket"},
        [EXPLODED] = {.item = "rocket_json_write: an exploded one"},
        [UNKNOWN] = {.item = "rocket_json_write: one whose launch is unknown"},
        {.item = "timestamp_parse"},
        {.item = "timestamp_format"},
    };
    enum { FIGURES = sizeof(figures) / sizeof(figures[0]) };
    static struct inputs inputs;

    make_inputs(&inputs);
    for (size_t i = 0; i < FIGURES; i++)
        figures[i].column = "ns";
    for (unsigned round = 0; round < options->rounds; round++) {
        for (size_t i = 0; i < VIEWS; i++)
            parts_figure_add(&figures[i], write_rockets(&inputs.views[i]));
        parts_figure_add(&figures[VIEWS], parse_times(&inputs));
        parts_figure_add(&figures[VIEWS + 1], format_times(&inputs));
    }
    parts_report(options->format, "write", "Values and texts", figures,
                 FIGURES);
}
