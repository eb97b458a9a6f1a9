/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The full-screen view of `rockets watch` as text, exactly.
 */
#include "lib/unit_check.h"

#include <locale.h>
#include <time.h>

#include "clock.h"
#include "display.h"
#include "watch_screen.h"

static struct fleet_view view;

static int set_locale(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1); /* NOLINT(concurrency-mt-unsafe) */
    tzset();
    /* NOLINTNEXTLINE(concurrency-mt-unsafe) */
    return setlocale(LC_CTYPE, "C.UTF-8") != NULL ? 0 : -1;
}

static void add_rocket(const char *id, const char *type, const char *mission,
                       double speed)
{
    struct rocket_state *row = &view.rows[view.row_count++];

    *row = (struct rocket_state){.speed = speed,
                                 .last_number = 1000 + speed,
                                 .updated = "2026-11-27T10:00:00.5+01:00"};
    snprintf(row->id, sizeof(row->id), "%s", id);
    snprintf(row->type, sizeof(row->type), "%s", type);
    snprintf(row->mission, sizeof(row->mission), "%s", mission);
}

static int fill_view(void **state)
{
    struct rocket_state gone = {.id = "9b09bd53-2a23-5b1e-a6ba-2f6cf4ba63c1",
                                .type = "Atlas-H",
                                .mission = "APOLLO",
                                .reason = "PRESSURE_VESSEL_FAILURE"};
    struct rocket_state new = {.id = "c715a232-e553-5143-86fd-2d5ec3b23ff4"};

    (void)state;
    memset(&view, 0, sizeof(view));
    add_rocket("c715a232-e553-5143-86fd-2d5ec3b23ff4", "Falcon-9", "ARTEMIS",
               1440000);
    add_rocket("\033[2J\u200b\u6f22\u5b57", "", "M\u00fcnchen\n", -7);
    add_rocket("moon-1", "Falcon-Heavy-of-a-very-long-name", "SHUTTLE_MIR",
               500);
    view.rows[2].exploded = true;
    view.rows[2].missing = 3801;
    view.summary = (struct fleet_summary){.rockets = 1000000,
                                          .active = 981000,
                                          .exploded = 19000,
                                          .unlaunched = 7,
                                          .incomplete = 412,
                                          .missing = 3801,
                                          .memory_used = 38,
                                          .memory_limit = 100};
    view.has_summary = true;
    view.has_rates = true;
    view.rates = (struct fleet_rates){98412, 0.0124, 0.0001, 0};
    fleet_view_feed(&view, FEED_LAUNCHED, &new, 1, 1643830745);
    fleet_view_feed(&view, FEED_MORE_LAUNCHED, NULL, 1234, 1643830745);
    fleet_view_feed(&view, FEED_EXPLODED, &gone, 1, 1643830746);
    return 0;
}

static const struct watch_screen LIVE = {
    .columns = 80,
    .rows = 24,
    .utf8 = true,
    .service = "http://localhost:8088",
    .sort = "speed",
    .descending = true,
    .live = true,
    .state = "live",
    .advice = "",
    .uptime = 3725 * CLOCK_SECOND,
};

/* No line is wider than the screen, and there are not too many. */
static void expect_screen(const struct watch_screen *screen,
                          const char *expected)
{
    struct bytes out = {0};
    size_t lines = 0;
    char *line, *place = NULL;

    watch_screen_draw(&out, screen, &view);
    bytes_append(&out, "", 1);
    assert_false(out.failed);
    if (expected != NULL)
        assert_string_equal(out.data, expected);
    for (const char *at = out.data; *at != '\0'; at++)
        lines += *at == '\n';
    assert_in_range(lines, 1, screen->rows);
    for (line = strtok_r(out.data, "\n", &place); line != NULL;
         line = strtok_r(NULL, "\n", &place)) {
        assert_in_range(display_width(line, screen->utf8), 0, screen->columns);
        for (const char *at = line; *at != '\0'; at++)
            assert_true((unsigned char)*at >= ' ');
    }
    bytes_release(&out);
}

/* clang-format off: a line for each line of the screen. */
static const char SCREEN_80[] =
    "http://localhost:8088  live                                              "
    "1:02:05\n"
    "1,000,000 rockets  981,000 active  19,000 exploded  7 unlaunched  412 "
    "incomplete\n"
    "98,412 messages/s  duplicates 1.2%  late <0.1%  rejected 0%  memory "
    "38.0%\n"
    "ID                                   TYPE         MISSION        "
    "SPEED\u2193 STATUS  \n"
    "c715a232-e553-5143-86fd-2d5ec3b23ff4 Falcon-9     ARTEMIS     1,440,000 "
    "active  \n"
    "moon-1                               Falcon-Heav\u2026 SHUTTLE_MIR       "
    "500 exploded\n"
    "?[2J?\u6f22\u5b57                            -            M\u00fcnchen?   "
    "        -7 active  \n"
    "\n"
    "\n"
    "\n"
    "\n"
    "\n"
    "\n"
    "\n"
    "\n"
    "\n"
    "\n"
    "\n"
    "LAUNCHES AND EXPLOSIONS                                                   "
    "      \n"
    "19:39:06 exploded 9b09bd53-2a23-5b1e-a6ba-2f6cf4ba63c1  Atlas-H  APOLLO  "
    "PRESSU\u2026\n"
    "19:39:05 launched and 1,234 more\n"
    "19:39:05 launched c715a232-e553-5143-86fd-2d5ec3b23ff4  -  -\n";

static const char SCREEN_40[] =
    "http://localhost:8088  live      1:02:05\n"
    "1,000,000 rockets  981,000 active\n"
    "98,412 messages/s  duplicates 1.2%\n"
    "ID                 MISSION        SPEED\u2193\n"
    "c715a232-e553-514\u2026 ARTEMIS     1,440,000\n"
    "moon-1             SHUTTLE_MIR       500\n"
    "?[2J?\u6f22\u5b57          M\u00fcnchen?           -7\n"
    "LAUNCHES AND EXPLOSIONS                 \n"
    "19:39:06 exploded 9b09bd53-2a23-5b1e-a6\u2026\n"
    "19:39:05 launched and 1,234 more\n";

static const char SCREEN_100[] =
    "http://localhost:8088  reconnecting in 5 s: status 503, \"too many "
    "readers\"                   1:02:05\n"
    "1,000,000 rockets  981,000 active  19,000 exploded  7 unlaunched  412 "
    "incomplete  3,801 missing\n"
    "- messages/s  memory 38.0%\n"
    "ID                                   TYPE       MISSION         SPEED "
    "STATUS   UPDATED ^            \n"
    "c715a232-e553-5143-86fd-2d5ec3b23ff4 Falcon-9   ARTEMIS     1,440,000 "
    "active   2026-11-27T10:00:00.~\n"
    "?[2J???                              -          M?nchen?           -7 "
    "active   2026-11-27T10:00:00.~\n"
    "moon-1                               Falcon-He~ SHUTTLE_MIR       500 "
    "exploded 2026-11-27T10:00:00.~\n"
    "\n"
    "\n"
    "LAUNCHES AND EXPLOSIONS                                                   "
    "                          \n"
    "19:39:06 exploded 9b09bd53-2a23-5b1e-a6ba-2f6cf4ba63c1  Atlas-H  APOLLO  "
    "PRESSURE_VESSEL_FAILURE\n"
    "19:39:05 launched and 1,234 more\n";

static const char SCREEN_60[] =
    "http://localhost:8088  connecting                    1:02:05\n"
    "no summary so far\n"
    "- messages/s\n"
    "ID TYPE MISSION SPEED\u2193 STATUS NUMBER MISSING UPDATED CREATED\n"
    "Is the service running, and is this its port?\n"
    "\n"
    "\n"
    "LAUNCHES AND EXPLOSIONS                                     \n";
/* clang-format on */

static void a_screen_of_80_by_24(void **state)
{
    (void)state;
    expect_screen(&LIVE, SCREEN_80);
}

static void a_screen_of_40_by_10(void **state)
{
    struct watch_screen screen = LIVE;

    (void)state;
    screen.columns = 40;
    screen.rows = 10;
    expect_screen(&screen, SCREEN_40);
}

static void a_screen_without_utf8_says_what_is_wrong(void **state)
{
    struct watch_screen screen = LIVE;

    (void)state;
    screen.columns = 100;
    screen.rows = 12;
    screen.utf8 = false;
    screen.live = false;
    screen.state = "reconnecting in 5 s: status 503, \"too many readers\"";
    screen.sort = "updatedAt";
    screen.descending = false;
    expect_screen(&screen, SCREEN_100);
}

static void an_empty_screen(void **state)
{
    struct watch_screen screen = LIVE;

    (void)state;
    memset(&view, 0, sizeof(view));
    screen.columns = 60;
    screen.rows = 10;
    screen.live = false;
    screen.state = "connecting";
    screen.advice = "Is the service running, and is this its port?";
    expect_screen(&screen, SCREEN_60);
}

static void every_size_is_kept(void **state)
{
    (void)state;
    for (unsigned columns = 1; columns <= 130; columns++) {
        for (unsigned rows = 1; rows <= 30; rows++) {
            struct watch_screen screen = LIVE;

            screen.columns = columns;
            screen.rows = rows;
            screen.utf8 = columns % 2 == 0;
            screen.state =
                rows % 2 == 0 ? "live" : "reconnecting in 5 s: can't connect";
            expect_screen(&screen, NULL);
        }
    }
}

/* Without their sequences, the lines are the same. */
static void colours_change_no_column(void **state)
{
    struct watch_screen screen = LIVE;
    struct bytes plain = {0}, coloured = {0}, without = {0};

    (void)state;
    watch_screen_draw(&plain, &screen, &view);
    screen.colours = true;
    watch_screen_draw(&coloured, &screen, &view);
    for (size_t i = 0; i < coloured.length; i++) {
        if (coloured.data[i] == '\033')
            i += strcspn(coloured.data + i, "m");
        else
            bytes_append(&without, coloured.data + i, 1);
    }
    assert_true(coloured.length > plain.length);
    assert_int_equal(without.length, plain.length);
    assert_memory_equal(without.data, plain.data, plain.length);
    bytes_release(&plain);
    bytes_release(&coloured);
    bytes_release(&without);
}

/* The list has the order of some seconds ago; that of single ids has none. */
static void rows_are_in_the_order_of_the_values_that_are_shown(void **state)
{
    struct watch_screen screen = LIVE;

    (void)state;
    for (size_t i = 0; i < view.row_count; i++) {
        struct rocket_state first = view.rows[0];
        for (size_t k = 0; k + 1 < view.row_count; k++)
            view.rows[k] = view.rows[k + 1];
        view.rows[view.row_count - 1] = first;
        expect_screen(&screen, SCREEN_80);
    }
    screen.sort = NULL;
    view.rows[1].last_number = 0;
    struct bytes out = {0};
    watch_screen_draw(&out, &screen, &view);
    bytes_append(&out, "", 1);
    const char *first = strstr(out.data, "c715a232");
    const char *unknown = strstr(out.data, "?[2J");
    const char *last = strstr(out.data, "moon-1");
    assert_true(first != NULL && first < unknown && unknown < last);
    bytes_release(&out);
}

static void the_table_has_the_rows_that_are_left(void **state)
{
    static const struct {
        unsigned rows;
        size_t table;
    } ROWS[] = {{1, 0},   {4, 0},   {5, 1},     {9, 5},    {10, 3},
                {24, 14}, {50, 34}, {140, 100}, {500, 100}};

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++)
        assert_int_equal(watch_screen_table_rows(ROWS[i].rows), ROWS[i].table);
}

#define SCREEN_TEST(test) cmocka_unit_test_setup(test, fill_view)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCREEN_TEST(a_screen_of_80_by_24),
        SCREEN_TEST(a_screen_of_40_by_10),
        SCREEN_TEST(a_screen_without_utf8_says_what_is_wrong),
        SCREEN_TEST(an_empty_screen),
        SCREEN_TEST(every_size_is_kept),
        SCREEN_TEST(colours_change_no_column),
        SCREEN_TEST(rows_are_in_the_order_of_the_values_that_are_shown),
        cmocka_unit_test(the_table_has_the_rows_that_are_left),
    };

    return cmocka_run_group_tests(tests, set_locale, NULL);
}
