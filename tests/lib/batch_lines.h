/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of batches and results of batches for tests, as string literals. The
 * arguments `channel`, `number`, `type` and `payload` must be string literals
 * too.
 */
#ifndef LUNAR_TESTS_BATCH_LINES_H
#define LUNAR_TESTS_BATCH_LINES_H

#include "api/api.h"
#include "api/batch.h"
#include "base/buffer.h"

#define BATCH_LINE(channel, number, type, payload)                             \
    "{\"metadata\":{\"channel\":\"" channel "\",\"messageNumber\":" number     \
    ",\"messageTime\":\"2022-02-02T19:39:05.86337+01:00\","                    \
    "\"messageType\":\"" type "\"},\"message\":{" payload "}}"

#define LINE_LAUNCHED(channel)                                                 \
    BATCH_LINE(channel, "1", "RocketLaunched",                                 \
               "\"type\":\"Falcon-9\",\"launchSpeed\":500,"                    \
               "\"mission\":\"ARTEMIS\"")

#define LINE_FASTER(channel, number)                                           \
    BATCH_LINE(channel, number, "RocketSpeedIncreased", "\"by\":100")

#define RESULT(applied, duplicate, rejected, errors)                           \
    "{\"applied\":" #applied ",\"duplicate\":" #duplicate                      \
    ",\"stale\":0,\"rejected\":" #rejected ",\"errors\":[" errors "]}"

#define ERROR(line, detail) "{\"line\":" #line ",\"detail\":\"" detail "\"}"

/* A batch that is applied to `table`; only one at a time is used. */
static inline struct batch *batch_for_table(struct table *table)
{
    static struct api api;

    api_init(&api, table, NULL, NULL);
    return batch_new(&api);
}

/* What batch_write() writes must be `expected`, within braces. */
static inline void batch_assert_result(const struct batch *batch,
                                       const char *expected)
{
    struct buffer out = BUFFER_INIT;

    buffer_append(&out, TEXT("{"));
    batch_write(batch, &out);
    buffer_append(&out, TEXT("}\0"));
    assert_false(buffer_failed(&out));
    assert_string_equal(out.data, expected);
    buffer_release(&out);
}

#endif
