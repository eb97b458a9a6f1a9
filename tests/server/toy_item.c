/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each call does and checks. The server's threads cannot fail a test, so
 * they record the first fault.
 */
#include "toy_item.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/sync.h"
#include "toy_waker.h"

enum { SMALL = 10, LAST = 3, NEAR_END = 16 * 1024 };

char toy_byte(size_t position)
{
    return (char)('!' + (position ^ position >> 8 ^ position >> 16) % 90);
}

static void blame_locked(struct toy_items *items, const char *fault)
{
    if (items->fault == NULL)
        items->fault = fault;
}

void toy_items_blame(struct toy_items *items, const char *fault)
{
    sync_lock(&items->lock);
    blame_locked(items, fault);
    sync_unlock(&items->lock);
}

static void count_locked(struct toy_item *item, enum toy_event event)
{
    item->counts[event]++;
    item->all->counts[event]++;
    sync_broadcast(&item->all->changed);
}

static bool has_ended(const struct toy_item *item)
{
    return item->counts[TOY_FINISHED] + item->counts[TOY_FREED] > 0;
}

/* A call of the server's begins, or it ends the item and this is `event`. */
static void enter(struct toy_item *item, enum toy_event event)
{
    struct toy_items *items = item->all;

    sync_lock(&items->lock);
    if (has_ended(item))
        blame_locked(items, "a call came after the end");
    if (item->inside)
        blame_locked(items, "two calls came at a time");
    if (item->waiter != NULL)
        blame_locked(items, "a call came before the wake");
    if (!pthread_equal(pthread_self(), item->thread) && event != TOY_FREED)
        blame_locked(items, "a call came on another thread");
    if (pthread_equal(pthread_self(), items->waker))
        blame_locked(items, "a call came on the waker's thread");
    if (event == TOY_STARTED && item->counts[TOY_STARTED] > 0)
        blame_locked(items, "a deferred was started twice");
    item->inside = event != TOY_FINISHED && event != TOY_FREED;
    count_locked(item, event);
    sync_unlock(&items->lock);
}

static void leave(struct toy_item *item)
{
    sync_lock(&item->all->lock);
    item->inside = false;
    sync_unlock(&item->all->lock);
}

/* The call that is under way makes the connection wait. */
static void begin_wait(struct toy_item *item, struct http_waiter *waiter)
{
    struct toy_items *items = item->all;

    sync_lock(&items->lock);
    item->inside = false;
    item->waiter = waiter;
    item->wait_cancelled = false;
    if (item->wake == TOY_SOON)
        toy_waker_add_locked(items, item);
    bool now = item->wake == TOY_NOW ||
               (item->wake == TOY_HELD && items->hold_no_more);
    count_locked(item, TOY_WAITED);
    sync_unlock(&items->lock);
    if (now)
        toy_waker_wake(item);
}

static void cancel(struct toy_item *item)
{
    struct toy_items *items = item->all;
    struct timespec moment = {.tv_nsec = 50000000};

    sync_lock(&items->lock);
    if (has_ended(item))
        blame_locked(items, "a cancel came after the end");
    if (item->counts[TOY_WAITED] == 0 || item->inside)
        blame_locked(items, "a cancel came before the wait");
    if (item->wait_cancelled)
        blame_locked(items, "a wait was cancelled twice");
    item->cancelled = item->wait_cancelled = true;
    bool first = items->wake_at_cancel && items->counts[TOY_CANCELLED] == 0;
    if (first)
        items->wake_all = true;
    count_locked(item, TOY_CANCELLED);
    sync_unlock(&items->lock);
    if (first) /* the others are woken, and still to be cancelled */
        clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
    if (!items->ignore_cancel)
        toy_waker_wake(item);
}

static void start_deferred(struct http_deferred *deferred,
                           struct http_waiter *waiter)
{
    struct toy_item *item = container_of(deferred, struct toy_item, deferred);

    enter(item, TOY_STARTED);
    begin_wait(item, waiter);
}

static bool is_cancelled(struct toy_item *item)
{
    sync_lock(&item->all->lock);
    bool cancelled = item->cancelled;
    sync_unlock(&item->all->lock);
    return cancelled;
}

/* Another item on the same connection, whose script is the rest of this. */
static struct toy_item *follow(const struct toy_item *item, const char *script)
{
    static const char *const wakes[] = {"now", "soon", "held"};
    struct text segments[] = {TEXT(""), text_of(wakes[item->wake]),
                              text_of(script)};

    return toy_item_new(item->all, segments);
}

static void finish_deferred(struct http_deferred *deferred,
                            struct http_response *response)
{
    struct toy_item *item = container_of(deferred, struct toy_item, deferred);

    enter(item, TOY_FINISHED);
    if (response->status != 0 || response->header_count != 0 ||
        response->body.length != 0 || response->deferred != NULL)
        toy_items_blame(item->all, "finish got a response that is not empty");
    if (item->script[0] == 'D') {
        response->deferred = &follow(item, item->script + 1)->deferred;
        return;
    }
    response->status = is_cancelled(item) ? 503 : 200;
    if (item->script[0] == 'S')
        response->stream = &follow(item, item->script + 1)->stream;
    else
        buffer_append(&response->body, text_of(item->script));
}

static void cancel_deferred(struct http_deferred *deferred)
{
    cancel(container_of(deferred, struct toy_item, deferred));
}

static void free_deferred(struct http_deferred *deferred)
{
    enter(container_of(deferred, struct toy_item, deferred), TOY_FREED);
}

static size_t letter_length(char letter)
{
    switch (letter) {
    case 's':
        return SMALL;
    case 'b':
        return HTTP_STREAM_BLOCK;
    case 'd':
        return LAST;
    default:
        return 0;
    }
}

size_t toy_stream_length(const char *script)
{
    size_t length = 0;

    for (; *script != '\0'; script++)
        length += letter_length(*script);
    return length;
}

static void make_bytes(struct toy_item *item, struct buffer *block,
                       size_t length)
{
    if (!buffer_reserve(block, length))
        return;
    for (size_t i = 0; i < length; i++)
        block->data[block->length++] = toy_byte(item->position++);
}

static enum http_flow next_block(struct http_stream *stream,
                                 struct buffer *block,
                                 struct http_waiter *waiter)
{
    struct toy_item *item = container_of(stream, struct toy_item, stream);

    enter(item, TOY_CALLED);
    if (block->length > 0)
        toy_items_blame(item->all, "next got a block that is not empty");
    if (waiter == NULL && !item->all->stopping)
        toy_items_blame(item->all, "a stream could not wait");
    if (item->last)
        toy_items_blame(item->all, "next came after the last block");
    char letter = item->script[item->step++];
    if (is_cancelled(item) || waiter == NULL)
        letter = strchr(item->script, 'g') != NULL ? 'd' : 'f';
    if (letter == 'w') {
        begin_wait(item, waiter);
        return HTTP_WAIT;
    }
    make_bytes(item, block, letter_length(letter));
    item->last = letter == 'd' || letter == 'e' || letter == 'f';
    leave(item);
    if (letter == 'f')
        return HTTP_FAILED;
    return item->last ? HTTP_DONE : HTTP_MORE;
}

static void cancel_stream(struct http_stream *stream)
{
    cancel(container_of(stream, struct toy_item, stream));
}

static void free_stream(struct http_stream *stream)
{
    enter(container_of(stream, struct toy_item, stream), TOY_FREED);
}

/* What the sink returns, and how many bytes it takes of a part. */
static enum http_flow follow_script(struct toy_item *item, size_t *length)
{
    char letter = item->script[item->step];

    item->step++;
    if (item->script[item->step] == '\0' || item->script[item->step] == 'D')
        item->step = 0;
    if (letter == 'A')
        return HTTP_WAIT;
    if (letter == 'a' || (letter != '0' && *length == 1))
        return HTTP_MORE;
    if (letter == 'h' || letter == 'm')
        *length /= 2;
    else
        *length = letter == '1' ? 1 : 0;
    if (letter == 'x')
        return HTTP_FAILED;
    return letter == 'm' ? HTTP_MORE : HTTP_WAIT;
}

/* Where it cannot wait, the end has to be near, or the service to stop. */
static void check_cannot_wait(struct toy_item *item, size_t length)
{
    struct toy_items *items = item->all;

    if (is_cancelled(item) || items->stopping)
        return;
    if (items->threads)
        toy_items_blame(items, "a thread could not wait");
    else if (item->expected > item->position + NEAR_END ||
             (item->expected > 0 && item->expected != item->position + length))
        toy_items_blame(items, "a sink could not wait far from the end");
}

static void check_bytes(struct toy_item *item, struct text bytes)
{
    for (size_t i = 0; i < bytes.length; i++)
        if (bytes.data[i] != toy_byte(item->position++))
            item->wrong = true;
    if (item->wrong)
        toy_items_blame(item->all, "a sink got another byte than was sent");
    sync_lock(&item->all->lock);
    item->all->taken += bytes.length;
    sync_broadcast(&item->all->changed);
    sync_unlock(&item->all->lock);
}

static enum http_flow take_part(struct http_sink *sink, struct text *part,
                                struct http_waiter *waiter)
{
    struct toy_item *item = container_of(sink, struct toy_item, sink);
    size_t length = part->length;
    struct toy_items *items = item->all;

    enter(item, TOY_CALLED);
    if (length == 0)
        toy_items_blame(items, "take got an empty part");
    if (waiter == NULL)
        check_cannot_wait(item, length);
    enum http_flow flow = HTTP_MORE;
    if (waiter != NULL && !is_cancelled(item))
        flow = follow_script(item, &length);
    check_bytes(item, (struct text){part->data, length});
    *part = text_skip(*part, length);
    if (flow == HTTP_WAIT)
        begin_wait(item, waiter);
    else
        leave(item);
    return flow;
}

static void cancel_sink(struct http_sink *sink)
{
    cancel(container_of(sink, struct toy_item, sink));
}

static void finish_sink(struct http_sink *sink, struct http_response *response)
{
    struct toy_item *item = container_of(sink, struct toy_item, sink);
    char size[32];

    enter(item, TOY_FINISHED);
    snprintf(size, sizeof(size), "%zu", item->position);
    if (item->script[strlen(item->script) - 1] == 'D') {
        response->deferred = &follow(item, size)->deferred;
        return;
    }
    response->status = 200;
    buffer_append(&response->body, text_of(size));
}

static void free_sink(struct http_sink *sink)
{
    enter(container_of(sink, struct toy_item, sink), TOY_FREED);
}

static const struct toy_item methods = {
    .deferred = {start_deferred, finish_deferred, cancel_deferred,
                 free_deferred},
    .stream = {next_block, cancel_stream, free_stream},
    .sink = {true, take_part, cancel_sink, finish_sink, free_sink},
};

struct toy_item *toy_item_new(struct toy_items *items,
                              const struct text *segments)
{
    struct toy_item *item = calloc(1, sizeof(*item));
    if (item == NULL)
        abort();

    *item = methods;
    item->all = items;
    item->thread = pthread_self();
    item->wake = text_equal(segments[1], TEXT("now"))    ? TOY_NOW
                 : text_equal(segments[1], TEXT("soon")) ? TOY_SOON
                                                         : TOY_HELD;
    snprintf(item->script, sizeof(item->script), "%.*s",
             (int)segments[2].length, segments[2].data);
    sync_lock(&items->lock);
    item->next = items->first;
    items->first = item;
    sync_unlock(&items->lock);
    return item;
}
