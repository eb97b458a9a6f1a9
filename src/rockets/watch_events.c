/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event of a kind that a later service adds is not an error.
 */
#include "watch_events.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "watch_plain.h"

static struct timespec calendar_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now;
}

bool watch_events_ended(const struct watch_events *events)
{
    return events->max_shown > 0 && events->shown >= events->max_shown;
}

void watch_events_start(struct watch_events *events)
{
    struct rocket_state rows[FLEET_VIEW_MAX_ROWS];
    size_t count = 0;

    fleet_view_restart(events->view);
    for (; count < events->id_count && count < FLEET_VIEW_MAX_ROWS; count++) {
        rows[count] = (struct rocket_state){0};
        snprintf(rows[count].id, sizeof(rows[count].id), "%s",
                 events->ids[count]);
    }
    fleet_view_list(events->view, rows, count);
}

/* Whether another one may be shown; then it counts. */
static bool show_another(struct watch_events *events)
{
    if (watch_events_ended(events))
        return false;
    events->shown++;
    return true;
}

static void take_rocket(struct watch_events *events, const cJSON *json)
{
    struct timespec now = calendar_now();
    struct rocket_state rocket;

    if (!rocket_state_read(&rocket, json) || !show_another(events))
        return;
    fleet_view_update(events->view, &rocket);
    if (events->lines != NULL)
        watch_plain_rocket(events->lines, &now, "rocket", &rocket);
}

static void take_rockets(struct watch_events *events, const cJSON *json)
{
    const cJSON *item = json->child;

    for (; item != NULL; item = item->next)
        take_rocket(events, item);
}

/* Launches or explosions: {"rockets":[...],"more":0}. */
static void take_feed(struct watch_events *events, const char *name,
                      enum feed_kind kind, const cJSON *json)
{
    const cJSON *rockets = cJSON_GetObjectItemCaseSensitive(json, "rockets");
    const cJSON *more = cJSON_GetObjectItemCaseSensitive(json, "more");
    struct timespec now = calendar_now();
    const cJSON *item = rockets != NULL ? rockets->child : NULL;

    for (; item != NULL; item = item->next) {
        struct rocket_state rocket;

        if (!rocket_state_read(&rocket, item) || !show_another(events))
            continue;
        fleet_view_update(events->view, &rocket);
        fleet_view_feed(events->view, kind, &rocket, 1, now.tv_sec);
        if (events->lines != NULL)
            watch_plain_rocket(events->lines, &now, name, &rocket);
    }
    if (!cJSON_IsNumber(more) || !(more->valuedouble > 0) ||
        !show_another(events))
        return;
    fleet_view_feed(events->view,
                    kind == FEED_LAUNCHED ? FEED_MORE_LAUNCHED
                                          : FEED_MORE_EXPLODED,
                    NULL, more->valuedouble, now.tv_sec);
    if (events->lines != NULL)
        watch_plain_more(events->lines, &now, name, more->valuedouble);
}

static void take_summary(struct watch_events *events, const cJSON *json)
{
    struct timespec now = calendar_now();
    struct fleet_summary summary;
    struct fleet_rates rates;
    bool known;

    if (!fleet_summary_read(&summary, json) || !show_another(events))
        return;
    fleet_view_summarize(events->view, &summary, clock_now());
    known = fleet_view_rates(events->view, clock_now(), &rates);
    if (events->lines != NULL)
        watch_plain_summary(events->lines, &now, &summary,
                            known ? &rates : NULL);
}

/* hello and reset say where the stream is. */
static void show_position(struct watch_events *events, const char *name,
                          const cJSON *json)
{
    const char *start =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "start"));
    const cJSON *revision = cJSON_GetObjectItemCaseSensitive(json, "revision");
    struct timespec now = calendar_now();

    if (events->lines != NULL && show_another(events))
        watch_plain_position(
            events->lines, &now, name, start != NULL ? start : "-",
            cJSON_IsNumber(revision) ? revision->valuedouble : 0);
}

static enum watch_news take_hello(struct watch_events *events,
                                  const cJSON *json)
{
    const char *start =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "start"));

    events->restarted =
        start != NULL && events->start[0] != '\0' &&
        strncmp(start, events->start, WATCH_EVENTS_START_SIZE - 1) != 0;
    if (start != NULL)
        snprintf(events->start, sizeof(events->start), "%s", start);
    show_position(events, "hello", json);
    fleet_view_connected(events->view, clock_now());
    if (!events->restarted)
        return WATCH_NEWS_NONE;
    watch_events_start(events);
    fleet_view_notice(events->view,
                      "the service has started anew: its rockets are read "
                      "again",
                      calendar_now().tv_sec);
    return WATCH_NEWS_LOST;
}

static enum watch_news take_reset(struct watch_events *events,
                                  const cJSON *json)
{
    show_position(events, "reset", json);
    /* After a restart it says nothing new. */
    if (!events->restarted)
        fleet_view_notice(events->view,
                          "changes were missed: the rockets are read again",
                          calendar_now().tv_sec);
    events->restarted = false;
    return WATCH_NEWS_LOST;
}

static enum watch_news take_json(struct watch_events *events, const char *type,
                                 const cJSON *json)
{
    if (strcmp(type, "hello") == 0)
        return take_hello(events, json);
    if (strcmp(type, "reset") == 0)
        return take_reset(events, json);
    if (strcmp(type, "rockets") == 0)
        take_rockets(events, json);
    if (strcmp(type, "summary") == 0)
        take_summary(events, json);
    if (strcmp(type, "exploded") == 0)
        take_feed(events, type, FEED_EXPLODED, json);
    if (strcmp(type, "launched") != 0)
        return WATCH_NEWS_NONE;
    take_feed(events, type, FEED_LAUNCHED, json);
    return WATCH_NEWS_ROCKETS;
}

enum watch_news watch_events_take(struct watch_events *events,
                                  const struct event_stream_event *event)
{
    cJSON *json = cJSON_ParseWithLength(event->data, event->length);
    enum watch_news news = WATCH_NEWS_NONE;

    if (json != NULL)
        news = take_json(events, event->type, json);
    cJSON_Delete(json);
    return news;
}

static void take_list(struct fleet_view *view, const cJSON *json)
{
    struct rocket_state rows[FLEET_VIEW_MAX_ROWS];
    size_t count = 0;
    const cJSON *item = json->child;

    for (; item != NULL && count < FLEET_VIEW_MAX_ROWS; item = item->next)
        count += rocket_state_read(&rows[count], item);
    fleet_view_list(view, rows, count);
}

void watch_events_take_rows(struct watch_events *events, const char *body,
                            size_t length)
{
    cJSON *json = cJSON_ParseWithLength(body, length);
    struct rocket_state rocket;

    if (cJSON_IsArray(json))
        take_list(events->view, json);
    else if (cJSON_IsObject(json) && rocket_state_read(&rocket, json))
        fleet_view_update(events->view, &rocket);
    cJSON_Delete(json);
}
