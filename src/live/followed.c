/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single rockets are found once, and then compared by their revisions: entries
 * never move, and rockets are never removed.
 */
#include "followed.h"

#include <stdlib.h>
#include <string.h>

#include "live/hub.h"
#include "table/table.h"
#include "table/table_changes.h"

struct followed {
    uint64_t revision;
    size_t unknown;    /* rockets that do not exist yet */
    size_t looked_for; /* the number of all rockets when they were looked for */
    size_t count;
    struct followed_rocket {
        struct text id; /* behind the array */
        const struct table_entry *entry;
        uint64_t written; /* the revision that the reader has */
    } rockets[];
};

struct followed *followed_new(const struct text *ids, size_t count)
{
    struct followed *followed;
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        bytes += ids[i].length;
    followed = calloc(1, sizeof(*followed) +
                             count * sizeof(followed->rockets[0]) + bytes);
    if (followed == NULL)
        return NULL;
    followed->count = followed->unknown = count;
    char *at = (char *)&followed->rockets[count];
    for (size_t i = 0; i < count; i++) {
        followed->rockets[i].id = (struct text){at, ids[i].length};
        at = buffer_put(at, ids[i]);
    }
    return followed;
}

void followed_free(struct followed *followed)
{
    free(followed);
}

void followed_set(struct followed *followed, uint64_t revision)
{
    followed->revision = revision;
    for (size_t i = 0; i < followed->count; i++)
        followed->rockets[i].written = revision;
}

/*
 * The number of rockets is read before they are looked for: so one that is
 * added meanwhile makes it differ the next time.
 */
static void look_for_unknown(struct followed *followed, struct table *table)
{
    size_t count = table_count(table);

    if (followed->unknown == 0 || followed->looked_for == count)
        return;
    followed->looked_for = count;
    for (size_t i = 0; i < followed->count; i++) {
        struct followed_rocket *rocket = &followed->rockets[i];
        if (rocket->entry != NULL)
            continue;
        rocket->entry = table_find_entry(table, rocket->id);
        if (rocket->entry != NULL)
            followed->unknown--;
    }
}

static bool is_newer(const struct followed_rocket *rocket, struct table *table)
{
    return rocket->entry != NULL &&
           table_read_revision(table, rocket->entry) > rocket->written;
}

/*
 * The table's revision is read before the rockets, here and below: all changes
 * up to it are seen. With it alone as the position a rocket may be newer, and
 * come again after a resume.
 */
bool followed_has_news(struct followed *followed, struct table *table)
{
    uint64_t revision = table_revision(table);

    if (revision == followed->revision)
        return false;
    look_for_unknown(followed, table);
    for (size_t i = 0; i < followed->count; i++)
        if (is_newer(&followed->rockets[i], table))
            return true;
    followed->revision = revision;
    return false;
}

bool followed_write(struct followed *followed, struct table *table,
                    const struct hub_writer *writer, uint64_t told_at_most,
                    struct buffer *out)
{
    uint64_t revision = table_revision(table);
    uint64_t told = revision < told_at_most ? revision : told_at_most;
    struct rocket_view view;
    bool begun = false;

    look_for_unknown(followed, table);
    for (size_t i = 0; i < followed->count; i++) {
        struct followed_rocket *rocket = &followed->rockets[i];
        if (!is_newer(rocket, table))
            continue;
        table_read(table, rocket->entry, &view);
        rocket->written = view.revision;
        if (!begun) {
            writer->position(writer->context, out, told);
            writer->begin(out, HUB_ROCKETS);
        }
        writer->rocket(out, &view, !begun);
        begun = true;
    }
    if (begun)
        writer->end(out, HUB_ROCKETS, 0);
    followed->revision = revision;
    return begun;
}
