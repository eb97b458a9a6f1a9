/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each call does and checks. The server's threads cannot fail a test, so
 * they record the first fault.
 */
#include "toy_item.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/sync.h"

enum {
    SMALL = 10,
    KILOBYTES = 12 * 1024,
    LAST = 3,
    SMALL_BLOCK = 1024, /* that a long-lived stream may keep for a wait */
    NEAR_END = 16 * 1024,
};

/* The byte at a position of a body, which tells it from its neighbours. */
static char byte_at(size_t position)
{
    return (char)('!' + (position ^ position >> 8 ^ position >> 16) % 90);
}

char *toy_bytes(size_t length)
{
    char *bytes = malloc(length + 1);
    if (bytes == NULL)
        abort();

    for (size_t i = 0; i < length; i++)
        bytes[i] = byte_at(i);
    bytes[length] = '\0';
    return bytes;
}

void toy_check_locked(struct toy *toy, bool right, const char *fault)
{
    if (!right && toy->fault == NULL)
        toy->fault = fault;
}

void toy_check(struct toy *toy, bool right, const char *fault)
{
    sync_lock(&toy->lock);
    toy_check_locked(toy, right, fault);
    sync_unlock(&toy->lock);
}

void toy_count_locked(struct toy_item *item, enum toy_event event, size_t times)
{
    item->counts[event] += times;
    item->toy->counts[event] += times;
    sync_broadcast(&item->toy->changed);
}

/* Nobody else writes into the memory of a request, nor moves it. */
static bool is_memory_kept(const struct toy_item *item)
{
    bool kept = true;

    for (size_t i = 0; i < TOY_MEMORY; i++)
        kept = kept && item->memory[i] == item->tag;
    return kept;
}

/* A call of the server's begins, or it ends the item and this is `event`. */
static void enter(struct toy_item *item, enum toy_event event)
{
    struct toy *toy = item->toy;
    bool ends = event == TOY_FINISHED || event == TOY_FREED;

    sync_lock(&toy->lock);
    toy_check_locked(toy, item->counts[TOY_ENDED] == 0,
                     "a call came after the end");
    toy_check_locked(toy, !item->inside, "two calls came at a time");
    toy_check_locked(toy, item->waiter == NULL, "a call came before the wake");
    toy_check_locked(
        toy, event == TOY_FREED || pthread_equal(pthread_self(), item->thread),
        "a call came on another thread");
    toy_check_locked(toy, !pthread_equal(pthread_self(), toy->waker),
                     "a call came on the waker's thread");
    toy_check_locked(toy,
                     event != TOY_STARTED || item->counts[TOY_STARTED] == 0,
                     "a deferred was started twice");
    toy_check_locked(toy, is_memory_kept(item),
                     "the memory of a request did not stay as it was");
    item->inside = !ends;
    toy_count_locked(item, event, 1);
    if (ends)
        toy_count_locked(item, TOY_ENDED, 1);
    sync_unlock(&toy->lock);
}

static void leave(struct toy_item *item)
{
    sync_lock(&item->toy->lock);
    item->inside = false;
    sync_unlock(&item->toy->lock);
}

static bool is_cancelled(struct toy_item *item)
{
    sync_lock(&item->toy->lock);
    bool cancelled = item->cancelled;
    sync_unlock(&item->toy->lock);
    return cancelled;
}

static void start_deferred(struct http_deferred *deferred,
                           struct http_waiter *waiter)
{
    struct toy_item *item = container_of(deferred, struct toy_item, deferred);

    enter(item, TOY_STARTED);
    toy_item_begin_wait(item, waiter);
}

/* Another item on the same connection. */
static struct toy_item *follow(const struct toy_item *item, const char *script)
{
    static const char *const wakes[] = {"now", "soon", "held", "commit"};

    struct toy_item *next = toy_item_new(
        item->toy, item->memory, text_of(wakes[item->wake]), text_of(script));
    next->long_lived = item->long_lived;
    return next;
}

static void finish_deferred(struct http_deferred *deferred,
                            struct http_response *response)
{
    struct toy_item *item = container_of(deferred, struct toy_item, deferred);

    enter(item, TOY_FINISHED);
    toy_check(item->toy,
              response->status == 0 && response->header_count == 0 &&
                  response->body.length == 0 && response->deferred == NULL,
              "finish got a response that is not empty");
    response->long_lived =
        item->long_lived && (item->script[0] == 'D' || item->script[0] == 'S');
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
    toy_item_cancel(container_of(deferred, struct toy_item, deferred));
}

static void free_deferred(struct http_deferred *deferred)
{
    enter(container_of(deferred, struct toy_item, deferred), TOY_FREED);
}

static size_t letter_length(char letter)
{
    return letter == 's'   ? SMALL
           : letter == 'k' ? KILOBYTES
           : letter == 'b' ? HTTP_STREAM_BLOCK
           : letter == 'd' ? LAST
                           : 0;
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
        block->data[block->length++] = byte_at(item->position++);
}

/* Of a stream that was cancelled. */
static char last_letter(const char *script)
{
    if (strchr(script, 'g') != NULL)
        return 'd';
    return strchr(script, 'q') != NULL ? 'e' : 'f';
}

static enum http_flow next_block(struct http_stream *stream,
                                 struct buffer *block,
                                 struct http_waiter *waiter)
{
    struct toy_item *item = container_of(stream, struct toy_item, stream);

    enter(item, TOY_CALLED);
    toy_check(item->toy, block->length == 0,
              "next got a block that is not empty");
    toy_check(item->toy, waiter != NULL || item->toy->stopping,
              "a stream could not wait");
    toy_check(item->toy, !item->last, "next came after the last block");
    toy_check(item->toy,
              !item->long_lived || item->step == 0 ||
                  item->script[item->step - 1] != 'w' ||
                  block->capacity <= SMALL_BLOCK,
              "a long-lived stream kept a large block");
    if (item->script[item->step] == 'r')
        item->step = 0;
    char letter = item->script[item->step++];
    if (is_cancelled(item) || waiter == NULL)
        letter = last_letter(item->script);
    if (letter == 'w') {
        toy_item_begin_wait(item, waiter);
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
    toy_item_cancel(container_of(stream, struct toy_item, stream));
}

static void free_stream(struct http_stream *stream)
{
    enter(container_of(stream, struct toy_item, stream), TOY_FREED);
}

/* What the sink returns, and how many bytes it takes of a part. */
static enum http_flow follow_script(struct toy_item *item, size_t *length)
{
    char letter = item->script[item->step++];

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
    if (is_cancelled(item) || item->toy->stopping)
        return;
    toy_check(item->toy, !item->toy->threads, "a thread could not wait");
    toy_check(
        item->toy,
        item->expected <= item->position + NEAR_END &&
            (item->expected == 0 || item->expected == item->position + length),
        "a sink could not wait far from the end");
}

static void take_bytes(struct toy_item *item, struct text bytes)
{
    bool right = true;

    for (size_t i = 0; i < bytes.length; i++)
        right = right && bytes.data[i] == byte_at(item->position++);
    sync_lock(&item->toy->lock);
    toy_check_locked(item->toy, right, "a sink got another byte than was sent");
    toy_count_locked(item, TOY_TAKEN, bytes.length);
    sync_unlock(&item->toy->lock);
}

static enum http_flow take_part(struct http_sink *sink, struct text *part,
                                struct http_waiter *waiter)
{
    struct toy_item *item = container_of(sink, struct toy_item, sink);
    size_t length = part->length;
    enum http_flow flow = HTTP_MORE;

    enter(item, TOY_CALLED);
    toy_check(item->toy, length > 0, "take got an empty part");
    if (waiter == NULL)
        check_cannot_wait(item, length);
    else if (!is_cancelled(item))
        flow = follow_script(item, &length);
    take_bytes(item, (struct text){part->data, length});
    *part = text_skip(*part, length);
    if (flow == HTTP_WAIT)
        toy_item_begin_wait(item, waiter);
    else
        leave(item);
    return flow;
}

static void cancel_sink(struct http_sink *sink)
{
    toy_item_cancel(container_of(sink, struct toy_item, sink));
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

struct toy_item *toy_item_new(struct toy *toy, void *memory, struct text wake,
                              struct text script)
{
    struct toy_item *item = malloc(sizeof(*item));
    if (item == NULL)
        abort();

    *item = methods;
    item->toy = toy;
    item->thread = pthread_self();
    item->wake = text_equal(wake, TEXT("now"))      ? TOY_NOW
                 : text_equal(wake, TEXT("soon"))   ? TOY_SOON
                 : text_equal(wake, TEXT("commit")) ? TOY_COMMIT
                                                    : TOY_HELD;
    snprintf(item->script, sizeof(item->script), "%.*s", (int)script.length,
             script.data);
    item->memory = memory;
    sync_lock(&toy->lock);
    toy_check_locked(toy, (uintptr_t)memory % alignof(max_align_t) == 0,
                     "the memory of a request is not aligned");
    item->tag = (unsigned char)++toy->items;
    item->next = toy->first;
    toy->first = item;
    sync_unlock(&toy->lock);
    memset(memory, item->tag, TOY_MEMORY);
    return item;
}
