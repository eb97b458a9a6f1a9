/* SPDX-License-Identifier: Apache-2.0 */
/*
 * There are at most a hundred rows, so they are searched one after the other.
 */
#include "fleet_view.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"

static struct rocket_state *find_row(struct fleet_view *view, const char *id)
{
    for (size_t i = 0; i < view->row_count; i++)
        if (strcmp(view->rows[i].id, id) == 0)
            return &view->rows[i];
    return NULL;
}

void fleet_view_list(struct fleet_view *view, const struct rocket_state *rows,
                     size_t count)
{
    struct rocket_state merged[FLEET_VIEW_MAX_ROWS];

    if (count > FLEET_VIEW_MAX_ROWS)
        count = FLEET_VIEW_MAX_ROWS;
    for (size_t i = 0; i < count; i++) {
        const struct rocket_state *known = find_row(view, rows[i].id);

        /* An event may have overtaken the list. */
        merged[i] = known != NULL && known->revision > rows[i].revision
                        ? *known
                        : rows[i];
    }
    for (size_t i = 0; i < count; i++)
        view->rows[i] = merged[i];
    view->row_count = count;
}

void fleet_view_update(struct fleet_view *view,
                       const struct rocket_state *rocket)
{
    struct rocket_state *row = find_row(view, rocket->id);

    if (row != NULL && rocket->revision >= row->revision)
        *row = *rocket;
}

void fleet_view_connected(struct fleet_view *view, int64_t now)
{
    view->connected_at = now;
    view->base_at = 0;
}

/* Counters only grow, unless the service has been started again. */
static bool has_grown(const struct fleet_summary *from,
                      const struct fleet_summary *to)
{
    return to->applied >= from->applied && to->duplicate >= from->duplicate &&
           to->stale >= from->stale && to->rejected >= from->rejected &&
           fleet_summary_messages(to) >= fleet_summary_messages(from);
}

static struct fleet_rates count_rates(const struct fleet_summary *from,
                                      const struct fleet_summary *to,
                                      double seconds)
{
    const double messages =
        fleet_summary_messages(to) - fleet_summary_messages(from);
    struct fleet_rates rates = {.messages = messages / seconds};

    if (messages > 0) {
        rates.duplicate = (to->duplicate - from->duplicate) / messages;
        rates.stale = (to->stale - from->stale) / messages;
        rates.rejected = (to->rejected - from->rejected) / messages;
    }
    return rates;
}

void fleet_view_summarize(struct fleet_view *view,
                          const struct fleet_summary *summary, int64_t now)
{
    const int64_t least = FLEET_VIEW_MIN_RATE_MS * CLOCK_MILLISECOND;
    const int64_t passed = now - view->base_at;

    view->summary = *summary;
    view->has_summary = true;
    view->summarized_at = now;
    if (view->base_at != 0 && !has_grown(&view->base, summary)) {
        view->base_at = 0;
        view->has_rates = false;
    }
    if (now - view->connected_at < least)
        return;
    if (view->base_at != 0) {
        if (passed < least)
            return;
        view->rates = count_rates(&view->base, summary,
                                  (double)passed / (double)CLOCK_SECOND);
        view->has_rates = true;
    }
    view->base = *summary;
    view->base_at = now;
}

bool fleet_view_rates(const struct fleet_view *view, int64_t now,
                      struct fleet_rates *rates)
{
    if (view->has_summary &&
        now - view->summarized_at >= FLEET_VIEW_IDLE_MS * CLOCK_MILLISECOND) {
        *rates = (struct fleet_rates){0};
        return true;
    }
    *rates = view->rates;
    return view->has_rates;
}

void fleet_view_feed(struct fleet_view *view, enum feed_kind kind,
                     const struct rocket_state *rocket, double count,
                     time_t time)
{
    struct feed_entry *entry = &view->feed[view->feed_count % FLEET_VIEW_FEED];

    *entry = (struct feed_entry){.kind = kind, .time = time, .count = count};
    if (rocket != NULL)
        entry->rocket = *rocket;
    view->feed_count++;
}

void fleet_view_notice(struct fleet_view *view, const char *text, time_t time)
{
    struct rocket_state says = {0};

    snprintf(says.reason, sizeof(says.reason), "%s", text);
    fleet_view_feed(view, FEED_NOTICE, &says, 0, time);
}

const struct feed_entry *fleet_view_entry(const struct fleet_view *view,
                                          size_t index)
{
    if (index >= view->feed_count || index >= FLEET_VIEW_FEED)
        return NULL;
    return &view->feed[(view->feed_count - 1 - index) % FLEET_VIEW_FEED];
}

void fleet_view_restart(struct fleet_view *view)
{
    view->row_count = 0;
    view->has_summary = false;
    view->base_at = 0;
    view->has_rates = false;
}
