/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the files that list message types, fields to sort by, members of a
 * rocket or flags, or that name the version, and that neither the compiler nor
 * another test compares with the service. DESIGN.md, "Adding a message type or
 * a field", says what each of them does with a name.
 */
#include "lib/unit_check.h"

#include <ctype.h>
#include <glob.h>

#include <cjson/cJSON.h>

#include "api/list_url.h"
#include "api/operations.h"
#include "api/rocket_json.h"
#include "config/config.h"
#include "config/table.h"
#include "lib/messages.h"
#include "lib/openapi.h"

/* Names that the service has. */
struct names {
    size_t count;
    const char *names[OPENAPI_MAX_NAMES];
};

static struct names message_types(void)
{
    struct names types = {.count = MESSAGE_TYPE_COUNT};

    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++)
        types.names[i] = messages_type_name((enum message_type)i);
    return types;
}

static struct names sort_fields(void)
{
    struct names fields = {.count = TABLE_FIELD_COUNT};

    for (enum table_field field = 0; field < TABLE_FIELD_COUNT; field++)
        fields.names[field] = list_url_sort_name(field);
    return fields;
}

/* With their dash. */
static struct names flags(void)
{
    struct names flags = {.count = 0};

    for (size_t i = 0; config_table[i].name != NULL; i++) {
        assert_true(flags.count < OPENAPI_MAX_NAMES);
        flags.names[flags.count++] = config_table[i].flag;
    }
    return flags;
}

static const struct place {
    const char *files; /* a pattern of glob(3) */
    struct names (*names)(void);
    const char *from, *to; /* the list is between these texts */
    const char *without;   /* a name that is omitted on purpose, or NULL */
} places[] = {
    /* Messages after an explosion would change nothing. */
    {"bench/fleet.c", message_types, "", "", "RocketExploded"},
    {"README.md", flags, "\n## Flags\n", "\n## ", NULL},
    /* The names that scripts/run.sh accepts; -h is one of each script. */
    {"scripts/run.sh", flags, "# usage:", "\n# Exit status:", "-h"},
    /* Without an input of a type, the replay does not read it. */
    {"tests/fuzz/corpus/message/*", message_types, "", "", NULL},
    {"tests/fuzz/json.dict", message_types, "", "", NULL},
    {"tests/fuzz/query.dict", sort_fields, "\"sort=\"", "\"&order=\"", NULL},
    {"tests/soak/lists.py", sort_fields, "SORTS = [", "]", NULL},
};

/* The files, one behind the other, as a string, with spaces for NULs. */
static void read_files(const char *pattern, struct buffer *out)
{
    char path[512], bytes[4096];
    glob_t found;

    snprintf(path, sizeof(path), LUNAR_SOURCE_DIR "/%s", pattern);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe) */
    if (glob(path, 0, NULL, &found) != 0)
        fail_msg("there is no %s", path);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        FILE *file = fopen(found.gl_pathv[i], "r");
        size_t length;

        assert_non_null(file);
        while ((length = fread(bytes, 1, sizeof(bytes), file)) > 0)
            buffer_append(out, (struct text){bytes, length});
        fclose(file);
    }
    globfree(&found);
    for (size_t i = 0; i < out->length; i++) {
        if (out->data[i] == '\0')
            out->data[i] = ' ';
    }
    buffer_append(out, (struct text){"", 1});
    assert_false(buffer_failed(out));
}

/* The part of the files that has the list; ends it with a NUL. */
static const char *find_list(char *bytes, const struct place *place)
{
    char *list = strstr(bytes, place->from);

    assert_non_null(list);
    list += strlen(place->from);
    if (place->to[0] != '\0') {
        char *end = strstr(list, place->to);
        assert_non_null(end);
        *end = '\0';
    }
    return list;
}

static bool is_part_of_word(char byte)
{
    return isalnum((unsigned char)byte) || byte == '-';
}

static bool has_word(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
        if ((at == text || !is_part_of_word(at[-1])) &&
            !is_part_of_word(at[length]))
            return true;
    }
    return false;
}

static void every_place_has_every_name(void **context)
{
    (void)context;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const struct place *place = &places[i];
        struct names names = place->names();
        struct buffer files = BUFFER_INIT;

        read_files(place->files, &files);
        const char *list = find_list(files.data, place);

        for (size_t j = 0; j < names.count; j++) {
            const char *name = names.names[j];
            bool expected =
                place->without == NULL || strcmp(name, place->without) != 0;
            if (has_word(list, name) != expected)
                fail_msg("%s %s %s", place->files,
                         expected ? "does not contain" : "contains", name);
        }
        buffer_release(&files);
    }
}

/*
 * The version of the build comes from CMakeLists.txt. The newest section of
 * CHANGELOG.md has it, and so has the document of the API.
 */
static void every_document_has_the_version(void **context)
{
    static const struct {
        const char *file, *before, *after;
    } versions[] = {
        {"CHANGELOG.md", "\n## ", " ("},
        {"openapi/openapi.yaml", "\n  version: ", "\n"},
    };

    (void)context;
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        struct buffer file = BUFFER_INIT;
        char expected[64];

        read_files(versions[i].file, &file);
        const char *found = strstr(file.data, versions[i].before);
        snprintf(expected, sizeof(expected), "%s%s%s", versions[i].before,
                 config_version(), versions[i].after);
        if (found == NULL || strncmp(found, expected, strlen(expected)) != 0)
            fail_msg("%s does not begin with the version %s", versions[i].file,
                     config_version());
        buffer_release(&file);
    }
}

/* The list in openapi.yaml must have exactly the names, in their order. */
static void assert_names(struct openapi_names list, struct names names)
{
    assert_int_equal(list.count, names.count);
    for (size_t i = 0; i < names.count; i++)
        assert_string_equal(list.names[i], names.names[i]);
}

/* See openapi_list() for `path` and `prefix`. */
static void assert_documented(struct names names, const char *const path[],
                              const char *prefix)
{
    assert_names(openapi_list(path, prefix), names);
}

static void document_lists_the_message_types(void **context)
{
    struct names types = message_types();

    (void)context;
    assert_names(openapi_message_types(), types);
    for (size_t i = 0; i < types.count; i++) {
        char schema[OPENAPI_NAME_SIZE];
        snprintf(schema, sizeof(schema), "    %sMetadata", types.names[i]);
        assert_documented(
            (struct names){.count = 1, .names = {types.names[i]}},
            (const char *[]){schema, "            messageType", NULL},
            "              const: ");
    }
}

static void document_lists_the_sort_fields(void **context)
{
    (void)context;
    assert_documented(
        sort_fields(),
        (const char *[]){"        - name: sort", "            enum", NULL},
        "              - ");
}

static struct names parameters_of(const char *(*name_at)(size_t index))
{
    struct names parameters = {.count = 0};
    const char *name;

    while ((name = name_at(parameters.count)) != NULL)
        parameters.names[parameters.count++] = name;
    return parameters;
}

static void document_lists_the_parameters_of_lists(void **context)
{
    (void)context;
    assert_documented(parameters_of(lists_parameter),
                      (const char *[]){"  /rockets", "      parameters", NULL},
                      "        - name: ");
}

static void document_lists_the_parameters_of_gaps(void **context)
{
    struct names parameters = {1, {"id"}}; /* of the path */

    (void)context;
    for (const char *name; (name = gaps_parameter(parameters.count - 1));)
        parameters.names[parameters.count++] = name;
    assert_documented(
        parameters,
        (const char *[]){"  /rockets/{id}/gaps", "      parameters", NULL},
        "        - name: ");
}

/* scripts/conformance.sh checks the values. */
static void document_lists_the_members_of_a_rocket(void **context)
{
    struct rocket_view view = {.id = TEXT("r"), .updated = messages_time(1)};
    struct buffer out = BUFFER_INIT;
    struct names members = {.count = 0};

    (void)context;
    rocket_json_write(&out, &view);
    cJSON *rocket = cJSON_ParseWithLength(out.data, out.length);
    assert_non_null(rocket);
    for (const cJSON *member = rocket->child; member != NULL;
         member = member->next)
        members.names[members.count++] = member->string;
    assert_documented(members,
                      (const char *[]){"    Rocket", "      properties", NULL},
                      "        ");
    assert_documented(members,
                      (const char *[]){"    Rocket", "      required", NULL},
                      "        - ");
    cJSON_Delete(rocket);
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_place_has_every_name),
        cmocka_unit_test(every_document_has_the_version),
        cmocka_unit_test(document_lists_the_message_types),
        cmocka_unit_test(document_lists_the_sort_fields),
        cmocka_unit_test(document_lists_the_parameters_of_lists),
        cmocka_unit_test(document_lists_the_parameters_of_gaps),
        cmocka_unit_test(document_lists_the_members_of_a_rocket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
