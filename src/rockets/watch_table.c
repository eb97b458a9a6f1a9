/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns get their least width in the order of their importance, as long as
 * there is room; then, in the same order, what their contents need.
 */
#include "watch_table.h"

#include <stdio.h>
#include <string.h>

#include "display.h"
#include "screen_line.h"

enum {
    WIDE = 60 /* columns of a terminal on which ids are shown as a whole */
};

enum column {
    COLUMN_ID,
    COLUMN_TYPE,
    COLUMN_MISSION,
    COLUMN_SPEED,
    COLUMN_STATUS,
    COLUMN_NUMBER,
    COLUMN_MISSING,
    COLUMN_UPDATED,
    COLUMN_CREATED,
    COLUMNS,
};

/* In the order in which they stand. */
static const struct {
    const char *title;
    const char *sort; /* the API's name of the field */
    size_t least, most;
    bool right; /* a number; `most` is enough for any */
} TABLE[COLUMNS] = {
    [COLUMN_ID] = {"ID", "id", 12, 36, false},
    [COLUMN_TYPE] = {"TYPE", "type", 10, 24, false},
    [COLUMN_MISSION] = {"MISSION", "mission", 12, 32, false},
    [COLUMN_SPEED] = {"SPEED", "speed", 1, 26, true},
    [COLUMN_STATUS] = {"STATUS", "status", 8, 8, false},
    [COLUMN_NUMBER] = {"NUMBER", "lastMessageNumber", 1, 26, true},
    [COLUMN_MISSING] = {"MISSING", NULL, 1, 26, true},
    [COLUMN_UPDATED] = {"UPDATED", "updatedAt", 19, 35, false},
    [COLUMN_CREATED] = {"CREATED", "createdAt", 19, 35, false},
};

static const enum column IMPORTANCE[COLUMNS] = {
    COLUMN_ID,      COLUMN_SPEED,  COLUMN_MISSION, COLUMN_STATUS,  COLUMN_TYPE,
    COLUMN_MISSING, COLUMN_NUMBER, COLUMN_UPDATED, COLUMN_CREATED,
};

struct layout {
    size_t width[COLUMNS]; /* 0: not shown */
};

/* A value as text; numbers use `room`. */
static const char *cell_text(const struct rocket_state *rocket,
                             enum column column,
                             char room[static WATCH_SCREEN_COUNT_SIZE])
{
    const char *text = "";

    if (rocket->last_number == 0 && column != COLUMN_ID)
        return "-";
    switch (column) {
    case COLUMN_ID:
        return rocket->id;
    case COLUMN_SPEED:
        return screen_count(rocket->speed, room);
    case COLUMN_NUMBER:
        return screen_count(rocket->last_number, room);
    case COLUMN_MISSING:
        return screen_count(rocket->missing, room);
    case COLUMN_STATUS:
        return rocket->exploded ? "exploded" : "active";
    case COLUMN_TYPE:
        text = rocket->type;
        break;
    case COLUMN_MISSION:
        text = rocket->mission;
        break;
    case COLUMN_UPDATED:
        text = rocket->updated;
        break;
    case COLUMN_CREATED:
        text = rocket->created;
        break;
    case COLUMNS:
        break;
    }
    return *text != '\0' ? text : "-";
}

static bool is_sorted_by(const struct watch_screen *screen, enum column column)
{
    return screen->sort != NULL && TABLE[column].sort != NULL &&
           strcmp(screen->sort, TABLE[column].sort) == 0;
}

/* The title, with a mark at the column of the order. */
static void write_title(const struct watch_screen *screen, enum column column,
                        char title[static 24])
{
    const char *mark = "";

    if (is_sorted_by(screen, column)) {
        if (!screen->utf8)
            mark = screen->descending ? " v" : " ^";
        else
            mark = screen->descending ? "\u2193" : "\u2191";
    }
    snprintf(title, 24, "%s%s", TABLE[column].title, mark);
}

/* What a column needs to show all it has. */
static size_t wanted_width(const struct watch_screen *screen,
                           const struct fleet_view *view, size_t rows,
                           enum column column)
{
    char room[WATCH_SCREEN_COUNT_SIZE], title[24];
    size_t wanted;

    write_title(screen, column, title);
    wanted = display_width(title, screen->utf8);
    for (size_t i = 0; i < view->row_count && i < rows; i++) {
        size_t width = display_width(cell_text(&view->rows[i], column, room),
                                     screen->utf8);

        if (width > wanted)
            wanted = width;
    }
    return wanted < TABLE[column].most ? wanted : TABLE[column].most;
}

/* The columns by importance: the one of the order comes after the id. */
static void order_columns(const struct watch_screen *screen,
                          enum column columns[static COLUMNS])
{
    size_t count = 0;

    for (size_t i = 0; i < COLUMNS; i++) {
        columns[count++] = IMPORTANCE[i];
        if (i > 0 && is_sorted_by(screen, IMPORTANCE[i])) {
            memmove(&columns[2], &columns[1], (i - 1) * sizeof(columns[0]));
            columns[1] = IMPORTANCE[i];
        }
    }
}

static struct layout lay_out(const struct watch_screen *screen,
                             const struct fleet_view *view, size_t rows)
{
    struct layout layout = {{0}};
    enum column columns[COLUMNS];
    size_t wanted[COLUMNS];
    size_t left = screen->columns;

    order_columns(screen, columns);
    for (size_t i = 0; i < COLUMNS; i++) {
        const enum column column = columns[i];
        const size_t gap = i > 0;
        size_t least = TABLE[column].least;

        wanted[column] = wanted_width(screen, view, rows, column);
        /* A number that is cut would be another one. */
        if (least > wanted[column] || TABLE[column].right ||
            (column == COLUMN_ID && screen->columns >= WIDE))
            least = wanted[column];
        if (i == 0 && least > left)
            least = left;
        if (least + gap > left)
            continue;
        layout.width[column] = least;
        left -= least + gap;
    }
    for (size_t i = 0; i < COLUMNS; i++) {
        const enum column column = columns[i];
        size_t more = layout.width[column] > 0
                          ? wanted[column] - layout.width[column]
                          : 0;

        if (more > left)
            more = left;
        layout.width[column] += more;
        left -= more;
    }
    return layout;
}

static void draw_titles(struct bytes *out, const struct watch_screen *screen,
                        const struct layout *layout)
{
    struct screen_line line = screen_line_begin(out, screen);

    screen_line_style(&line, SCREEN_REVERSE);
    for (enum column column = 0; column < COLUMNS; column++) {
        char title[24];

        if (layout->width[column] == 0)
            continue;
        write_title(screen, column, title);
        screen_line_text(&line, line.used > 0 ? " " : "");
        screen_line_field(&line, title, layout->width[column],
                          TABLE[column].right);
    }
    screen_line_fill(&line);
    screen_line_end(&line);
}

static void draw_row(struct bytes *out, const struct watch_screen *screen,
                     const struct layout *layout,
                     const struct rocket_state *rocket)
{
    struct screen_line line = screen_line_begin(out, screen);

    if (rocket->exploded)
        screen_line_style(&line, SCREEN_DIM);
    for (enum column column = 0; column < COLUMNS; column++) {
        char room[WATCH_SCREEN_COUNT_SIZE];

        if (layout->width[column] == 0)
            continue;
        screen_line_text(&line, line.used > 0 ? " " : "");
        screen_line_field(&line, cell_text(rocket, column, room),
                          layout->width[column], TABLE[column].right);
    }
    screen_line_end(&line);
}

/* Only a service that answers can be said to have no rockets. */
static void draw_empty(struct bytes *out, const struct watch_screen *screen)
{
    struct screen_line line = screen_line_begin(out, screen);

    screen_line_text(&line, screen->live ? "no rockets yet" : screen->advice);
    screen_line_end(&line);
}

/* Whether `rocket` belongs above `other`, by a number that often changes. */
static bool belongs_above(const struct watch_screen *screen,
                          const struct rocket_state *rocket,
                          const struct rocket_state *other)
{
    double more = 0;

    if (screen->sort == NULL)
        return false;
    if (rocket->last_number == 0 || other->last_number == 0)
        return rocket->last_number > other->last_number;
    if (is_sorted_by(screen, COLUMN_SPEED))
        more = rocket->speed - other->speed;
    else if (is_sorted_by(screen, COLUMN_NUMBER))
        more = rocket->last_number - other->last_number;
    return screen->descending ? more > 0 : more < 0;
}

/*
 * The rows as they are shown: in the list's order, which is some seconds old,
 * so numbers that have changed since then are put in order again.
 */
static void order_rows(const struct watch_screen *screen,
                       const struct fleet_view *view,
                       const struct rocket_state *ordered[])
{
    for (size_t i = 0; i < view->row_count; i++) {
        const struct rocket_state *rocket = &view->rows[i];
        size_t place = i;

        for (; place > 0 && belongs_above(screen, rocket, ordered[place - 1]);
             place--)
            ordered[place] = ordered[place - 1];
        ordered[place] = rocket;
    }
}

void watch_table_draw(struct bytes *out, const struct watch_screen *screen,
                      const struct fleet_view *view, size_t rows)
{
    const struct rocket_state *ordered[FLEET_VIEW_MAX_ROWS];
    const struct layout layout = lay_out(screen, view, rows);

    order_rows(screen, view, ordered);
    draw_titles(out, screen, &layout);
    for (size_t i = 0; i < rows; i++) {
        if (i < view->row_count)
            draw_row(out, screen, &layout, ordered[i]);
        else if (i == 0)
            draw_empty(out, screen);
        else
            bytes_append_text(out, "\n");
    }
}
