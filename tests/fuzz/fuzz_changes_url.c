/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes revisions as text, and queries of GET /rockets that ask for changes.
 * The first line of the input is a query, the rest, if any, is a revision. What
 * is accepted must match a regular expression, be within the limits, and read
 * back from what is written.
 */
#include "fuzz.h"

#include "api/changes_url.h"
#include "api/revisions.h"

static struct fuzz_pattern form = {
    .expression = "^(W/)?(\"?)([0-9a-f]{16})-([0-9]+)(-gzip|-br)?(\"?)$",
};

static bool same(const struct revision_name *a, const struct revision_name *b)
{
    return a->start == b->start && a->revision == b->revision;
}

/* What is written reads back, alone and as an ETag. */
static void check_written(const struct revision_name *name)
{
    static const char *const around[][2] = {
        {"", ""}, {"W/\"", "\""}, {"\"", "\""}, {"W/\"", "-gzip\""}};

    for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
        struct buffer out = BUFFER_INIT;
        struct revision_name read;

        buffer_append(&out, text_of(around[i][0]));
        size_t start = out.length;
        revisions_write(&out, name);
        FUZZ_CHECK(out.length - start <= REVISIONS_SIZE);
        buffer_append(&out, text_of(around[i][1]));
        FUZZ_CHECK(revisions_read(buffer_text(&out), &read));
        FUZZ_CHECK(same(&read, name));
        buffer_release(&out);
    }
}

static void check_revision(struct text text)
{
    struct text copy = exact_copy(text);
    struct revision_name name = {1, 2};
    bool accepted = revisions_read(copy, &name);

    exact_copy_free(copy);
    if (accepted) {
        FUZZ_CHECK(memchr(text.data, '\0', text.length) == NULL);
        FUZZ_CHECK(fuzz_match(&form, text, NULL));
        check_written(&name);
    } else {
        FUZZ_CHECK(name.start == 1 && name.revision == 2);
    }
}

static void check_query(struct text raw)
{
    struct text copy = exact_copy(raw);
    struct http_response response;
    struct changes_query query, again;

    http_response_init(&response);
    bool accepted = changes_url_parse(copy, &query, &response);
    FUZZ_CHECK(response.status == (accepted ? 0 : 400));
    FUZZ_CHECK(!accepted || changes_url_matches(copy));
    exact_copy_free(copy);
    if (accepted) {
        struct buffer out = BUFFER_INIT;

        FUZZ_CHECK(query.limit >= 1 && query.limit <= CHANGES_URL_MAX_LIMIT);
        FUZZ_CHECK(query.wait <= CHANGES_URL_MAX_WAIT);
        changes_url_write(&query, &out);
        FUZZ_CHECK(changes_url_parse(text_skip(buffer_text(&out), 1), &again,
                                     &response));
        FUZZ_CHECK(same(&again.since, &query.since));
        FUZZ_CHECK(again.limit == query.limit && again.wait == 0);
        buffer_release(&out);
    }
    http_response_release(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = fuzz_text(data, size);
    struct text query = text_split(&input, '\n');

    check_query(query);
    if (input.data != NULL)
        check_revision(input);
    return 0;
}
