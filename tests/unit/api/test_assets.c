/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the files in the binary. Those of the dashboard and of the Swagger
 * UI are tested only in builds that contain them.
 */
#include "lib/unit_check.h"

#include "api/assets.h"

#define HTML "text/html; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"
#define STYLE "text/css; charset=utf-8"
#define PLAIN "text/plain; charset=utf-8"

/* All that the dashboard loads is at most 75 KB, gzipped. */
enum { DASHBOARD_LIMIT = 75 * 1024 };

enum part { ALWAYS, SWAGGER, DASHBOARD };

static const struct {
    const char *path;
    const char *content_type;
    enum part part;
    bool loaded; /* with the page of its part */
} expected[] = {
    {"/openapi.yaml", "application/yaml", ALWAYS, false},
    {"/swagger", HTML, ALWAYS, true},
    {"/swagger/init.js", SCRIPT, SWAGGER, true},
    {"/swagger/licenses.txt", PLAIN, SWAGGER, false},
    {"/swagger/swagger-ui-bundle.js", SCRIPT, SWAGGER, true},
    {"/swagger/swagger-ui.css", STYLE, SWAGGER, true},
    {"/", HTML, DASHBOARD, true},
    {"/dashboard/dashboard.js", SCRIPT, DASHBOARD, true},
    {"/dashboard/dashboard.css", STYLE, DASHBOARD, true},
    {"/dashboard/icon.svg", "image/svg+xml", DASHBOARD, true},
    {"/dashboard/licenses.txt", PLAIN, DASHBOARD, false},
};

enum { EXPECTED = sizeof(expected) / sizeof(expected[0]) };

static bool with_swagger(void)
{
    return assets_find(TEXT("/swagger/init.js")) != NULL;
}

static bool with_dashboard(void)
{
    return assets_find(TEXT("/")) != NULL;
}

static bool is_in_build(enum part part)
{
    return part == ALWAYS ||
           (part == SWAGGER ? with_swagger() : with_dashboard());
}

static const struct asset *must_find(const char *path)
{
    const struct asset *asset = assets_find(text_of(path));

    if (asset == NULL)
        fail_msg("no file at %s", path);
    return asset;
}

static bool contains(struct text text, const char *part)
{
    return memmem(text.data, text.length, part, strlen(part)) != NULL;
}

static void other_paths_have_no_file(void **state)
{
    static const char *const paths[] = {
        "",
        "/dashboard",
        "/dashboard/",
        "/dashboard/main.tsx",
        "/dashboard/dashboard.js.map",
        "/index.html",
        "/swagge",
        "/swagger/",
        "/Swagger",
        "/swagger/index.html",
        "/swagger/../openapi.yaml",
        "/openapi.yaml/",
        "openapi.yaml",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_null(assets_find(text_of(paths[i])));
    assert_null(assets_find(TEXT("/swagger\0")));
    assert_null(assets_find((struct text){NULL, 0}));
}

/*
 * RFC 1952: no file name and no time, so that the same file gives the same
 * bytes. The last four bytes are the length of the plain content.
 */
static void check_gzip(const struct asset *asset)
{
    const unsigned char *end =
        (const unsigned char *)asset->gzip.data + asset->gzip.length;

    assert_true(asset->gzip.length > 18);
    assert_memory_equal(asset->gzip.data, "\x1f\x8b\x08\0\0\0\0\0", 8);
    uint32_t length = (uint32_t)end[-4] | (uint32_t)end[-3] << 8 |
                      (uint32_t)end[-2] << 16 | (uint32_t)end[-1] << 24;
    assert_int_equal(length, asset->plain.length);
    assert_true(asset->gzip.length < asset->plain.length);
}

static void check_strong_etag(const char *etag)
{
    size_t length = strlen(etag);

    assert_int_equal(length, 34);
    assert_int_equal(etag[0], '"');
    assert_int_equal(etag[length - 1], '"');
    assert_int_equal(strspn(etag + 1, "0123456789abcdef"), length - 2);
}

/* ETags differ if the bytes differ. */
static void every_file_has_its_path_type_gzip_and_etags(void **state)
{
    const struct asset *assets[EXPECTED];
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < EXPECTED; i++) {
        if (!is_in_build(expected[i].part))
            continue;
        const struct asset *asset = must_find(expected[i].path);

        assert_string_equal(asset->path, expected[i].path);
        assert_string_equal(asset->content_type, expected[i].content_type);
        check_gzip(asset);
        check_strong_etag(asset->etag);
        check_strong_etag(asset->etag_gzip);
        assert_string_not_equal(asset->etag, asset->etag_gzip);
        for (size_t j = 0; j < count; j++)
            assert_int_equal(strcmp(asset->etag, assets[j]->etag) == 0,
                             text_equal(asset->plain, assets[j]->plain));
        assets[count++] = asset;
    }
}

static void document_is_openapi_3_1(void **state)
{
    (void)state;
    struct text document = must_find("/openapi.yaml")->plain;
    assert_true(contains(document, "openapi: 3.1."));
    assert_true(contains(document, "  version: " LUNAR_VERSION "\n"));
    assert_int_equal(document.data[document.length - 1], '\n');
}

static void page_without_swagger_says_how_to_get_it(void **state)
{
    (void)state;
    if (with_swagger())
        skip();
    struct text page = must_find("/swagger")->plain;
    assert_true(contains(page, "LUNAR_SWAGGER=OFF"));
    assert_true(contains(page, "npm ci --prefix openapi"));
    assert_true(contains(page, "\"openapi.yaml\""));
}

/* A path relative to that of the page, without its query. */
static bool is_relative_path(struct text value)
{
    char path[64];

    text_take_prefix(&value, TEXT("./"));
    snprintf(path, sizeof(path), "/%.*s", (int)value.length, value.data);
    path[strcspn(path, "?")] = '\0';
    return strcmp(path, "/rockets") == 0 || assets_find(text_of(path)) != NULL;
}

/*
 * The values of all attributes of that name must be data URLs or relative paths
 * of files or of GET /rockets. Returns how many there are.
 */
static size_t check_references(struct text rest, const char *attribute)
{
    size_t count = 0;
    const char *found;

    while ((found = memmem(rest.data, rest.length, attribute,
                           strlen(attribute))) != NULL) {
        rest = text_skip(rest, (size_t)(found - rest.data) + strlen(attribute));
        struct text value = text_split(&rest, '"');
        bool is_data = value.length >= 5 && memcmp(value.data, "data:", 5) == 0;
        if (!is_data && !is_relative_path(value))
            fail_msg("the page refers to %.*s", (int)value.length, value.data);
        count++;
    }
    return count;
}

static void pages_refer_only_to_files_in_the_binary(void **state)
{
    (void)state;
    struct text page = must_find("/swagger")->plain;

    assert_true(check_references(page, "href=\"") >= 2);
    assert_int_equal(check_references(page, "src=\""), with_swagger() ? 2 : 0);
    assert_false(contains(page, "<script>"));
    if (!with_dashboard())
        return;
    page = must_find("/")->plain;
    assert_true(check_references(page, "href=\"") >= 3);
    assert_true(check_references(page, "src=\"") >= 1);
    /* Its policy allows neither. */
    assert_false(contains(page, "<script>"));
    assert_false(contains(page, "<style"));
    assert_false(contains(page, "style=\""));
}

/* A map would hold all sources, and more than the script. */
static void scripts_have_no_source_maps(void **state)
{
    (void)state;
    if (!with_dashboard())
        skip();
    assert_false(contains(must_find("/dashboard/dashboard.js")->plain,
                          "sourceMappingURL"));
    assert_false(contains(must_find("/dashboard/dashboard.css")->plain,
                          "sourceMappingURL"));
}

static void dashboard_is_small(void **state)
{
    size_t sum = 0;

    (void)state;
    if (!with_dashboard())
        skip();
    for (size_t i = 0; i < EXPECTED; i++) {
        if (expected[i].part != DASHBOARD || !expected[i].loaded)
            continue;
        const struct asset *asset = must_find(expected[i].path);
        print_message("%s: %zu bytes, %zu gzipped\n", asset->path,
                      asset->plain.length, asset->gzip.length);
        sum += asset->gzip.length;
    }
    print_message("the dashboard: %zu of at most %d bytes gzipped\n", sum,
                  DASHBOARD_LIMIT);
    assert_in_range(sum, 1, DASHBOARD_LIMIT);
}

static void licences_of_embedded_files_are_included(void **state)
{
    (void)state;
    if (with_swagger()) {
        struct text text = must_find("/swagger/licenses.txt")->plain;
        assert_true(contains(text, "SmartBear Software Inc."));
        assert_true(contains(text, "Apache License"));
        assert_true(contains(text, "DOMPurify"));
        assert_true(contains(text, "The MIT License"));
    }
    if (with_dashboard()) {
        struct text text = must_find("/dashboard/licenses.txt")->plain;
        assert_true(contains(text, "The MIT License"));
        assert_true(
            contains(text, "\nCopyright (c) 2015-present Jason Miller"));
        assert_true(contains(text, "\nCopyright (c) 2022-present Preact Team"));
        assert_true(contains(text, "\nCopyright (c) 2022 Leon Sorokin"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_paths_have_no_file),
        cmocka_unit_test(every_file_has_its_path_type_gzip_and_etags),
        cmocka_unit_test(document_is_openapi_3_1),
        cmocka_unit_test(page_without_swagger_says_how_to_get_it),
        cmocka_unit_test(pages_refer_only_to_files_in_the_binary),
        cmocka_unit_test(scripts_have_no_source_maps),
        cmocka_unit_test(dashboard_is_small),
        cmocka_unit_test(licences_of_embedded_files_are_included),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
