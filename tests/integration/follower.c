/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failures are written to `problem`, as the thread of a follower cannot fail
 * the test.
 */
#include "follower.h"

#include "lib/harness.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { TARGET = 1024 };

void followed_site_init(struct followed_site *site, bool forgets)
{
    *site = (struct followed_site){.forgets = forgets};
    pthread_mutex_init(&site->lock, NULL);
    pthread_cond_init(&site->changed, NULL);
    site->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(site->news >= 0);
}

void followed_site_release(struct followed_site *site)
{
    close(site->news);
    pthread_cond_destroy(&site->changed);
    pthread_mutex_destroy(&site->lock);
}

void followed_site_forget_news(struct followed_site *site)
{
    eventfd_t count;

    (void)eventfd_read(site->news, &count);
}

void followed_site_await_news(struct followed_site *site,
                              const struct process *service)
{
    struct pollfd wanted[] = {{site->news, POLLIN, 0},
                              {service->pidfd, POLLIN, 0}};
    int ready;

    do
        ready = poll(wanted, 2, -1);
    while (ready < 0 && errno == EINTR);
    assert_true(ready > 0);
    if (wanted[1].revents != 0) {
        followed_site_move(site, 0);
        fail_msg("the service has ended: %s", process_errors(service));
    }
    followed_site_forget_news(site);
}

void followed_site_move(struct followed_site *site, uint16_t port)
{
    pthread_mutex_lock(&site->lock);
    site->port = port;
    pthread_cond_broadcast(&site->changed);
    pthread_mutex_unlock(&site->lock);
}

void followed_site_end(struct followed_site *site, const struct view *list,
                       uint64_t revision)
{
    pthread_mutex_lock(&site->lock);
    site->list = list;
    site->revision = revision;
    pthread_mutex_unlock(&site->lock);
}

/* Wait until the service runs, and return its port. */
static uint16_t await_port(struct followed_site *site)
{
    pthread_mutex_lock(&site->lock);
    while (site->port == 0)
        pthread_cond_wait(&site->changed, &site->lock);
    uint16_t port = site->port;
    pthread_mutex_unlock(&site->lock);
    return port;
}

static void set_problem(struct follower *follower, const char *what,
                        const char *more)
{
    if (follower->problem[0] == '\0')
        snprintf(follower->problem, VIEW_PROBLEM, "%s: %.400s", what, more);
}

/* False if the service went away meanwhile, or has not answered at all. */
static bool get_response(struct follower *follower, uint16_t port,
                         const char *target, struct response *response)
{
    enum connection_result result = CONNECTION_CLOSED;
    struct connection connection;

    if (connection_open(&connection, port) &&
        connection_get(&connection, target))
        result = connection_receive(&connection, response);
    if (result == CONNECTION_LATE)
        set_problem(follower, "no response comes", target);
    connection_close(&connection);
    return result == CONNECTION_ANSWERED;
}

/* Go on from the ETag of a response, if all of it is merged. */
static void take_etag(struct follower *follower,
                      const struct response *response)
{
    const char *etag = response_header(response, "ETag");

    if (etag == NULL || sscanf(etag, "W/\"%63[^\"]\"", follower->position) != 1)
        set_problem(follower, "no weak ETag", etag != NULL ? etag : "none");
}

/* False if it must be tried again. */
static bool read_list(struct follower *follower, uint16_t port)
{
    struct response response;

    follower->position[0] = '\0';
    if (!get_response(follower, port, "/rockets", &response))
        return false;
    if (response.status == 200) {
        view_clear(&follower->view);
        (void)view_merge_text(&follower->view, response.body,
                              follower->problem);
        take_etag(follower, &response);
        follower->lists++;
        /* It may have the changes that would have come as events. */
        eventfd_write(follower->site->news, 1);
    } else if (response.status != 503) {
        set_problem(follower, "the list", response.body);
    }
    response_release(&response);
    return follower->position[0] != '\0';
}

static bool is_single(const void *context, const char *id)
{
    const struct follower *follower = context;

    for (size_t i = 0; follower->ids[i] != NULL; i++)
        if (strcmp(follower->ids[i], id) == 0)
            return strcmp(id, "marker") != 0;
    return false;
}

static bool is_no_marker(const void *context, const char *id)
{
    (void)context;
    return strcmp(id, "marker") != 0;
}

/*
 * Having all changes up to the last one, the copy must equal the list. Only the
 * follower's claim to have them ends it: a change that comes too late is lost.
 */
static void check_end(struct follower *follower)
{
    struct followed_site *site = follower->site;

    pthread_mutex_lock(&site->lock);
    const struct view *list = site->list;
    uint64_t revision = site->revision;
    pthread_mutex_unlock(&site->lock);
    const char *dash = strchr(follower->position, '-');
    if (list == NULL || dash == NULL ||
        strtoull(dash + 1, NULL, 10) < revision || follower->problem[0] != '\0')
        return;
    follower->complete =
        view_equals(&follower->view, list,
                    follower->kind == FOLLOWER_IDS ? is_single : is_no_marker,
                    follower, follower->problem);
}

/* Whether two positions are of the same history. */
static bool is_same_start(const char *left, const char *right)
{
    size_t length = strcspn(left, "-");

    return strcspn(right, "-") == length && strncmp(left, right, length) == 0;
}

static void take_id(struct follower *follower, const struct event *event)
{
    if (!is_same_start(event->id, follower->position))
        set_problem(follower, "another start without a reset", event->id);
    snprintf(follower->position, sizeof(follower->position), "%s", event->id);
}

/* Merge the rockets of an event, in an array or in the member of an object. */
static void merge_event(struct follower *follower, const struct event *event)
{
    cJSON *json = cJSON_ParseWithOpts(event->data, NULL, true);
    const cJSON *rockets =
        cJSON_IsArray(json) ? json
                            : cJSON_GetObjectItemCaseSensitive(json, "rockets");
    const cJSON *rocket;

    if (cJSON_GetArraySize(rockets) == 0)
        set_problem(follower, "an event without rockets", event->data);
    cJSON_ArrayForEach(rocket, rockets)
    {
        (void)view_merge(&follower->view, rocket, follower->problem);
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(rocket, "id");
        /* Launches and explosions are always of all rockets. */
        if (follower->kind == FOLLOWER_IDS && cJSON_IsArray(json) &&
            cJSON_IsString(id) && !is_single(follower, id->valuestring) &&
            strcmp(id->valuestring, "marker") != 0)
            set_problem(follower, "a rocket of others", id->valuestring);
    }
    cJSON_Delete(json);
    eventfd_write(follower->site->news, 1);
}

/* False if the list could not be read, or is of another start by now. */
static bool read_after_reset(struct follower *follower, uint16_t port,
                             const struct event *event)
{
    char start[EVENTS_MAX_ID] = "";

    (void)sscanf(event->data, "{\"start\":\"%63[^\"]\"", start);
    follower->resets++;
    if (!follower->site->forgets)
        set_problem(follower, "a reset, but nothing is lost", event->data);
    return read_list(follower, port) &&
           is_same_start(start, follower->position);
}

/* Take an event. False: the stream must be left. */
static bool take_event(struct follower *follower, uint16_t port,
                       const struct event *event)
{
    follower->events++;
    if (strcmp(event->type, "reset") == 0)
        return read_after_reset(follower, port, event);
    if (strcmp(event->type, "rockets") == 0 ||
        strcmp(event->type, "launched") == 0 ||
        strcmp(event->type, "exploded") == 0)
        merge_event(follower, event);
    if (event->id != NULL) {
        take_id(follower, event);
        check_end(follower);
    }
    /* Often between two events of an update. */
    return strcmp(event->type, "hello") == 0 ||
           random_below(&follower->random, 4) != 0;
}

static void receive_events(struct follower *follower, uint16_t port,
                           struct event_stream *stream)
{
    enum events_result result = EVENTS_EVENT;
    bool goes_on = true;

    while (goes_on && follower->problem[0] == '\0' && !follower->complete) {
        struct event event;
        result = events_receive(stream, &event);
        if (result != EVENTS_EVENT)
            break;
        goes_on = take_event(follower, port, &event);
        event_release(&event);
    }
    if (result == EVENTS_LATE)
        set_problem(follower, "nothing comes any more", follower->position);
    if (result == EVENTS_INVALID)
        set_problem(follower, "invalid", stream->problem);
}

/* Choose another URL each time, and the header or the parameter. */
static void write_target(struct follower *follower, char target[TARGET],
                         char fields[TARGET])
{
    static const char *const events[] = {"", "events=rockets&",
                                         "events=rockets,launched,exploded&"};
    static const char *const positions[] = {"", "W/%22", "%22"};
    static const char *const ends[] = {"", "%22", "%22"};
    struct random *random = &follower->random;
    size_t form = random_below(random, 3);
    bool header = random_below(random, 2) == 0;
    int length = snprintf(target, TARGET, "/events?%sinterval=%u",
                          events[random_below(random, 3)],
                          100 * (1 + (unsigned)random_below(random, 3)));

    for (size_t i = 0; follower->ids[i] != NULL; i++)
        length += snprintf(target + length, (size_t)(TARGET - length), "&id=%s",
                           follower->ids[i]);
    /* With the header, the parameter is that of the page's first load. */
    snprintf(target + length, (size_t)(TARGET - length),
             "&last_event_id=%s%s%s", positions[form],
             header ? follower->oldest : follower->position, ends[form]);
    fields[0] = '\0';
    if (header)
        snprintf(fields, TARGET, "Last-Event-ID: %s\r\n", follower->position);
}

static void follow_events(struct follower *follower, uint16_t port)
{
    struct event_stream stream;
    char target[TARGET], fields[TARGET];
    int64_t begun = process_clock();

    if (follower->position[0] == '\0' && !read_list(follower, port))
        return;
    if (follower->oldest[0] == '\0')
        memcpy(follower->oldest, follower->position, sizeof(follower->oldest));
    write_target(follower, target, fields);
    if (events_connect(&stream, port, target, fields)) {
        follower->resumed++;
        /* Within hello, soon, or some time later. */
        stream.is_cut = random_below(&follower->random, 8) != 0;
        stream.left = random_below(
            &follower->random,
            UINT64_C(1) << (4 + random_below(&follower->random, 17)));
        if (stream.head.status == 200)
            receive_events(follower, port, &stream);
        else if (stream.head.status != 503)
            set_problem(follower, "no stream", target);
    } else if (process_clock() - begun >= CONNECTION_PATIENCE) {
        set_problem(follower, "no stream comes", target);
    }
    events_close(&stream);
}

static void follow_since(struct follower *follower, uint16_t port)
{
    struct random *random = &follower->random;
    struct response response;
    char target[TARGET];

    if (follower->position[0] == '\0' && !read_list(follower, port))
        return;
    snprintf(target, sizeof(target), "/rockets?since=%s&wait=1&limit=%u",
             follower->position,
             1 + (unsigned)random_below(
                     random, UINT64_C(1) << (1 + random_below(random, 10))));
    if (!get_response(follower, port, target, &response))
        return;
    follower->resumed++;
    if (response.status == 200) {
        (void)view_merge_text(&follower->view, response.body,
                              follower->problem);
        take_etag(follower, &response);
        check_end(follower);
        eventfd_write(follower->site->news, 1);
    } else if (response.status == 410) {
        follower->resets++;
        follower->position[0] = '\0';
        if (!follower->site->forgets)
            set_problem(follower, "gone, but nothing is lost", response.body);
    } else if (response.status != 503) {
        set_problem(follower, "no changes", response.body);
    }
    response_release(&response);
}

static void *run_follower(void *context)
{
    struct follower *follower = context;

    while (!follower->complete && follower->problem[0] == '\0') {
        uint16_t port = await_port(follower->site);
        if (follower->kind == FOLLOWER_SINCE)
            follow_since(follower, port);
        else
            follow_events(follower, port);
    }
    atomic_store(&follower->ended, true);
    eventfd_write(follower->site->news, 1);
    return NULL;
}

void follower_start(struct follower *follower)
{
    int error = pthread_create(&follower->thread, NULL, run_follower, follower);

    assert_int_equal(error, 0);
}

void follower_expect_list(struct follower *follower)
{
    pthread_join(follower->thread, NULL);
    view_clear(&follower->view);
    if (follower->problem[0] != '\0')
        fail_msg("a follower of kind %d, at %s: %s", follower->kind,
                 follower->position, follower->problem);
}
