/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/unit_check.h"

#include "batch_scene.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/metrics.h"
#include "base/quota.h"
#include "base/workers.h"
#include "lib/batch_lines.h"
#include "table/table.h"

int batch_scene_set_up(void **context)
{
    struct batch_scene *scene = calloc(1, sizeof(*scene));

    if (scene == NULL)
        abort();
    api_init(&scene->api, table_new(SIZE_MAX), workers_start(1), metrics_new());
    toy_store_init(&scene->store);
    if (scene->api.workers == NULL ||
        !api_use_store(&scene->api, &scene->store))
        abort();
    http_response_init(&scene->response);
    scene->next = 1;
    *context = scene;
    return 0;
}

/* By now all memory of what was pending has been freed. */
int batch_scene_tear_down(void **context)
{
    struct batch_scene *scene = *context;

    toy_store_release(&scene->store);
    workers_free(scene->api.workers);
    assert_int_equal(quota_used(&scene->api.pending), 0);
    assert_int_equal(quota_used(&scene->api.decoding), 0);
    http_response_release(&scene->response);
    table_free(scene->api.table);
    metrics_free(scene->api.registry);
    free(scene);
    return 0;
}

uint64_t batch_scene_counted(struct batch_scene *scene, enum api_result result)
{
    return metric_value(scene->api.counts.messages, result);
}

struct buffer batch_scene_part(struct batch_scene *scene)
{
    struct buffer part = BUFFER_INIT;

    while (part.length < BATCH_SCENE_PART)
        buffer_append_format(&part, LINE_FASTER("a", "%ju") "\n",
                             (uintmax_t)scene->next++);
    assert_false(buffer_failed(&part));
    return part;
}
