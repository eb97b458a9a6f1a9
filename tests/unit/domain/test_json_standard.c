/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of JSON against RFC 8259. Every text of json_standard.txt, placed in a
 * message, is accepted with the right value or refused for the right reason.
 */
#include "lib/unit_check.h"

#include "base/buffer.h"
#include "domain/message_parse.h"
#include "lib/messages.h"

/* A message that is valid without the text between the two parts. */
struct place {
    char name[16];
    char bytes[1024]; /* the texts point into it */
    struct text before, after;
    struct text detail; /* begins the error of a refused value */
};

enum verdict { PASSES, READS, NOT_JSON, LIMIT, NOT_UTF8, NO_VALUE, TWICE };

static const char *const verdicts[] = {
    "passes", "reads", "not-json", "limit", "not-utf8", "no-value", "twice"};

/* A case, as a line of the file says it. */
struct row {
    char line[1024];
    const struct place *place;
    enum verdict verdict;
    char bytes[1024]; /* the texts point into it */
    struct text text, value;
};

static struct place places[16];
static struct row rows[512];
static size_t place_count, row_count;

static bool is_accepted(const struct row *row)
{
    return row->verdict == PASSES || row->verdict == READS;
}

#define CHECK(row, condition)                                                  \
    do {                                                                       \
        if (!(condition))                                                      \
            fail_msg("%s: %s", (row)->line, #condition);                       \
    } while (0)

static const struct place *find_place(const char *name)
{
    for (size_t i = 0; i < place_count; i++) {
        if (strcmp(places[i].name, name) == 0)
            return &places[i];
    }
    fail_msg("no such place: %s", name);
    abort(); /* which fail_msg() does not reach */
}

static bool begins(const char *detail, struct text text)
{
    return strncmp(detail, text.data, text.length) == 0;
}

/* The message that an accepted row must give. */
static struct message expected_of(const struct row *row)
{
    const char *name = row->place->name;
    uint64_t number = strtoull(row->value.data, NULL, 10);
    const char *problem;
    struct message message = {
        .channel = TEXT("r"),
        .number = 7,
        .type = MESSAGE_MISSION_CHANGED,
        .mission = TEXT("m"),
    };

    assert_true(timestamp_parse(TEXT("2022-02-02T19:39:05.86337+01:00"),
                                &message.time, &problem));
    if (strcmp(name, "channel") == 0) {
        message.channel = row->value;
    } else if (strcmp(name, "number") == 0) {
        message.number = number;
    } else if (strcmp(name, "mission") == 0) {
        message.mission = row->value;
    } else if (strcmp(name, "by") == 0) {
        message.type = MESSAGE_SPEED_INCREASED;
        message.mission = (struct text){NULL, 0};
        message.speed = (int64_t)number;
    }
    return message;
}

/* Whether the error text is that of the verdict. */
static bool is_explained(const struct row *row, const char *detail)
{
    switch (row->verdict) {
    case NOT_JSON:
        return begins(detail, TEXT("the message is not JSON: "));
    case LIMIT:
        return begins(detail, TEXT("the message is not accepted: "));
    case NOT_UTF8:
        return strstr(detail, ": JSON is sent ") != NULL;
    case NO_VALUE:
        return begins(detail, row->place->detail);
    case TWICE:
        return strstr(detail, " is given twice") != NULL;
    case PASSES:
    case READS:
        break;
    }
    return false;
}

static void check_parse(const struct row *row, struct text body)
{
    struct message expected = expected_of(row);
    struct parsed_message parsed;
    enum parse_status status = message_parse(body, &parsed);

    CHECK(row, status == (is_accepted(row) ? PARSE_OK : PARSE_INVALID));
    if (is_accepted(row))
        CHECK(row, messages_same(&parsed.message, &expected));
    else
        CHECK(row, is_explained(row, parsed.detail));
    message_parse_release(&parsed);
}

/*
 * The body has exactly its size, so that a sanitizer detects overruns. An
 * empty body has an address too, as it is not absent.
 */
static void check_row(const struct row *row)
{
    const struct place *place = row->place;
    size_t length =
        place->before.length + row->text.length + place->after.length;
    char *bytes = malloc(length + (length == 0));

    assert_non_null(bytes);
    char *at = buffer_put(bytes, place->before);
    at = buffer_put(at, row->text);
    buffer_put(at, place->after);
    check_parse(row, (struct text){bytes, length});
    free(bytes);
}

static void every_text_is_accepted_or_refused(void **state)
{
    (void)state;
    assert_in_range(row_count, 400, COUNT(rows));
    for (size_t i = 0; i < row_count; i++)
        check_row(&rows[i]);
}

static void check_text(const char *place, struct text text, bool passes)
{
    struct row row = {
        .place = find_place(place),
        .verdict = passes ? PASSES : NOT_JSON,
        .text = text,
        .value = TEXT(""),
    };

    snprintf(row.line, sizeof(row.line), "%s |%.*s|", place, (int)text.length,
             text.data);
    check_row(&row);
}

static bool is_among(const char *bytes, int byte)
{
    return byte != 0 && strchr(bytes, byte) != NULL;
}

/*
 * Sections 2 and 7: as white space, in a string, and behind a backslash. A
 * single byte from 0x80 is never a character. "u" needs four more digits.
 */
static void bytes_are_accepted_where_the_grammar_has_them(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char white[] = {(char)byte};
        /* With a backslash the "b" becomes a valid escape. */
        char plain[] = {'"', 'a', (char)byte, 'b', '"'};
        char escape[] = {'"', '\\', (char)byte, 'x', '"'};

        check_text("before", (struct text){white, sizeof(white)},
                   is_among(" \t\n\r", byte));
        check_text("unread", (struct text){plain, sizeof(plain)},
                   byte >= 0x20 && byte < 0x80 && byte != '"');
        check_text("unread", (struct text){escape, sizeof(escape)},
                   is_among("\"\\/bfnrt", byte));
    }
}

/*
 * Read |text| from `*line` to `bytes`, with <XX> as the byte XX, and a NUL
 * behind it. Empty if the line has no text left. Both are moved behind what was
 * read and written.
 */
static struct text read_text(const char **line, char **bytes)
{
    const char *from = *line + strspn(*line, " ");
    struct text text = {*bytes, 0};
    char *to = *bytes;

    if (*from == '|')
        from++;
    while (*from != '|' && *from != '\0') {
        if (*from == '<') {
            *to++ = (char)strtoul(from + 1, NULL, 16);
            from += strlen("<XX>");
        } else {
            *to++ = *from++;
        }
    }
    text.length = (size_t)(to - *bytes);
    *to++ = '\0';
    *bytes = to;
    *line = from + (*from == '|');
    return text;
}

static void read_place(const char *line)
{
    struct place *place = &places[place_count++];
    char *bytes = place->bytes;
    int length = 0;

    assert_in_range(place_count, 1, COUNT(places));
    assert_int_equal(sscanf(line, "place %15s%n", place->name, &length), 1);
    line += length;
    place->after = read_text(&line, &bytes);
    place->before = text_split(&place->after, '@');
    place->detail = read_text(&line, &bytes);
}

static void read_row(const char *line)
{
    struct row *row = &rows[row_count++];
    char section[8], place[16], verdict[16];
    char *bytes = row->bytes;
    int length = 0;

    assert_in_range(row_count, 1, COUNT(rows));
    snprintf(row->line, sizeof(row->line), "%s", line);
    assert_int_equal(
        sscanf(line, "%7s %15s %15s%n", section, place, verdict, &length), 3);
    line += length;
    row->place = find_place(place);
    while (row->verdict < COUNT(verdicts) &&
           strcmp(verdict, verdicts[row->verdict]) != 0)
        row->verdict++;
    row->text = read_text(&line, &bytes);
    row->value = read_text(&line, &bytes);
    CHECK(row, row->verdict < COUNT(verdicts));
    CHECK(row, row->verdict != NO_VALUE || row->place->detail.length > 0);
    CHECK(row, (row->verdict == READS) == (row->value.length > 0));
}

static int read_file(void **state)
{
    FILE *file =
        fopen(LUNAR_SOURCE_DIR "/tests/unit/domain/json_standard.txt", "r");
    char line[1024];

    (void)state;
    if (file == NULL)
        return -1;
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "place ", 6) == 0)
            read_place(line);
        else if (line[0] != '#' && line[0] != '\0')
            read_row(line);
    }
    return fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_is_accepted_or_refused),
        cmocka_unit_test(bytes_are_accepted_where_the_grammar_has_them),
    };
    return cmocka_run_group_tests(tests, read_file, NULL);
}
