/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_parts: measures the cost of each part of the service by itself,
 * without HTTP.
 *
 * Messages are made in small blocks and then applied. So making them is not
 * timed, and they are in the cache when they are applied, as in the service,
 * which has just read the message.
 */
#include "parts.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "domain/message_parse.h"
#include "flags.h"
#include "fleet.h"

enum { BLOCK = 128 }; /* messages */

struct block {
    char texts[BLOCK][FLEET_MAX_MESSAGE];
    struct parsed_message messages[BLOCK];
};

/*
 * Link-time optimisation would inline a function with a single caller, and then
 * its callees less, which makes it slower than in the service.
 */
static enum message_outcome (*volatile apply)(
    struct table *, const struct message *) = table_apply;
static void (*volatile apply_group)(struct table *, struct table_item *,
                                    size_t) = table_apply_group;

void parts_print(const char *group, const char *item, const char *column,
                 double value)
{
    printf("{\"group\": \"%s\", \"item\": \"%s\", \"column\": \"%s\", "
           "\"value\": %.6g}\n",
           group, item, column, value);
}

uint64_t parts_clock(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

void *parts_allocate(size_t size)
{
    void *memory = malloc(size);

    if (memory == NULL)
        die("no memory for %zu bytes", size);
    return memory;
}

struct table *parts_table_new(void)
{
    struct table *table = table_new(SIZE_MAX / 2);

    if (table == NULL)
        die("no memory for a table");
    return table;
}

static void make_message(struct block *block, size_t index,
                         struct delivery delivery)
{
    char *text = block->texts[index];
    size_t length = fleet_message(0, delivery.rocket, delivery.number, text);

    if (message_parse((struct text){text, length}, &block->messages[index]) !=
        PARSE_OK)
        die("%s: not a valid message", text);
}

static size_t apply_singly(struct table *table, const struct block *block,
                           size_t count)
{
    size_t applied = 0;

    for (size_t i = 0; i < count; i++)
        applied += apply(table, &block->messages[i].message) == MESSAGE_APPLIED;
    return applied;
}

/* The positions follow the revision; `positions`: whether there are any. */
static size_t apply_in_groups(struct table *table, const struct block *block,
                              size_t count, bool positions)
{
    struct table_item items[TABLE_GROUP];
    uint64_t position = table_revision(table);
    size_t applied = 0, size;

    for (size_t start = 0; start < count; start += size) {
        size = count - start < TABLE_GROUP ? count - start : TABLE_GROUP;
        for (size_t i = 0; i < size; i++)
            items[i] = (struct table_item){
                .message = &block->messages[start + i].message,
                .position = positions ? ++position : 0};
        apply_group(table, items, size);
        for (size_t i = 0; i < size; i++)
            applied += items[i].outcome == MESSAGE_APPLIED;
    }
    return applied;
}

/* Each message must be reported as applied, and must advance the revision. */
static uint64_t apply_block(struct table *table, enum parts_way way,
                            struct block *block, size_t count)
{
    uint64_t changes = table_revision(table);
    uint64_t begun = parts_clock();
    size_t applied =
        way == PARTS_SINGLY
            ? apply_singly(table, block, count)
            : apply_in_groups(table, block, count, way == PARTS_POSITIONS);
    uint64_t took = parts_clock() - begun;
    changes = table_revision(table) - changes;
    if (applied != count || changes != count)
        die("%zu messages: %zu were applied, %zu changed something", count,
            applied, (size_t)changes);
    for (size_t i = 0; i < count; i++)
        message_parse_release(&block->messages[i]);
    return took;
}

uint64_t parts_apply(struct table *table, enum parts_way way,
                     const struct delivery *deliveries, size_t count)
{
    static struct block block;
    uint64_t took = 0;

    while (count > 0) {
        size_t size = count < BLOCK ? count : BLOCK;

        for (size_t i = 0; i < size; i++)
            make_message(&block, i, deliveries[i]);
        took += apply_block(table, way, &block, size);
        deliveries += size;
        count -= size;
    }
    return took;
}

struct table *parts_launch(uint32_t rockets, enum parts_way way, uint64_t *took)
{
    struct delivery block[BLOCK];
    struct table *table = parts_table_new();

    *took = 0;
    for (uint32_t rocket = 0; rocket < rockets;) {
        size_t size = 0;

        while (size < BLOCK && rocket < rockets)
            block[size++] = (struct delivery){rocket++, 1};
        *took += parts_apply(table, way, block, size);
    }
    if (table_count(table) != rockets)
        die("expected %zu rockets, got %zu", (size_t)rockets,
            table_count(table));
    return table;
}

/*
 * The resident memory of this process in bytes, from smaps_rollup, for which
 * the kernel counts the pages: the counters in statm are inexact by some
 * hundred kilobytes. Does not use stdio, which would allocate memory.
 */
static uint64_t resident_memory(void)
{
    static const char path[] = "/proc/self/smaps_rollup";
    char text[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (length < 0)
        die_errno(path);
    close(fd);
    text[length] = '\0';
    const char *rss = strstr(text, "\nRss:");
    if (rss == NULL)
        die("%s: no Rss in it", path);
    return strtoull(rss + strlen("\nRss:"), NULL, 10) * 1024;
}

/* Runs first, so that no memory that another group freed is used again. */
void parts_memory(uint32_t rockets)
{
    uint64_t took;

    /* Memory that is allocated only once is not the rockets'. */
    table_free(parts_launch(1, PARTS_SINGLY, &took));
    uint64_t before = resident_memory();
    struct table *table = parts_launch(rockets, PARTS_SINGLY, &took);
    uint64_t resident = resident_memory() - before;

    parts_print("memory", "resident memory", "bytes a rocket",
                (double)resident / rockets);
    parts_print("memory", "as counted for -max-memory", "bytes a rocket",
                (double)table_memory(table) / rockets);
    table_free(table);
}

int main(int argc, char *argv[])
{
    uint64_t rockets = 1000000, all = 1;
    const struct flag flags[] = {
        {"rockets", &rockets, 100, 10000000}, /* of the large table */
        {"all", &all, 0, 1}, /* 0: only figures that depend on -rockets */
        {NULL, NULL, 0, 0},
    };

    flags_read(argc, argv, flags);
    log_set_level(LOG_ERROR); /* not each rocket that gives up a gap */
    parts_memory((uint32_t)rockets);
    if (all == 1) {
        parts_parse();
        parts_access();
        parts_apply_few();
    }
    parts_apply_many((uint32_t)rockets);
    parts_listing((uint32_t)rockets);
    parts_counts((uint32_t)rockets);
    parts_images((uint32_t)rockets);
    return 0;
}
