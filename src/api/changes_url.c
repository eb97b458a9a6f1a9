/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists and changes share a path, and `limit`.
 */
#include "changes_url.h"

#include "http/problem.h"
#include "http/query_string.h"
#include "list_url.h"
#include "parameters.h"

static const char *const names[] = {"since", "wait"};

const char *changes_url_parameter(size_t index)
{
    return index < sizeof(names) / sizeof(names[0]) ? names[index] : NULL;
}

static bool is_of_changes(struct text name)
{
    const char *known;

    for (size_t i = 0; (known = changes_url_parameter(i)) != NULL; i++)
        if (text_equal(name, text_of(known)))
            return true;
    return false;
}

/* Not inline: as parameters_check(). */
__attribute__((noinline)) bool changes_url_matches(struct text raw)
{
    struct query pairs;
    struct query_pair pair;

    query_init(&pairs, raw);
    while (query_next(&pairs, &pair) == QUERY_PAIR)
        if (is_of_changes(pair.name))
            return true;
    return false;
}

/*
 * Whether a parameter that goes with lists only has the value that it has if it
 * is not given: many clients send these with every request.
 */
static bool is_default(const struct query_pair *pair)
{
    return text_equal(pair->name, TEXT("sort"))
               ? text_equal(pair->value, TEXT("id"))
               : text_equal(pair->name, TEXT("order")) &&
                     text_equal(pair->value, TEXT("asc"));
}

/* Whether it is a parameter of lists, but `limit`, and which one. */
static bool find_of_lists(struct text name, unsigned *index)
{
    const char *known;

    for (unsigned i = 0; (known = list_url_parameter(i)) != NULL; i++) {
        if (!text_equal(name, text_of(known)))
            continue;
        *index = i;
        return !text_equal(name, TEXT("limit"));
    }
    return false;
}

/* Refuse those parameters of lists that do not go with `since`. */
static bool check_of_lists(struct text raw, struct http_response *response)
{
    struct query pairs;
    struct query_pair pair;
    unsigned given = 0, index;

    query_init(&pairs, raw);
    while (query_next(&pairs, &pair) == QUERY_PAIR) {
        if (!find_of_lists(pair.name, &index))
            continue;
        bool twice = (given & 1U << index) != 0;
        given |= 1U << index;
        if (twice)
            problem_set(response, 400, "%s is given twice",
                        list_url_parameter(index));
        else if (!is_default(&pair))
            problem_set(response, 400,
                        "%s does not go with since: changes are all, in the "
                        "order of their revisions",
                        list_url_parameter(index));
        if (response->status != 0)
            return false;
    }
    return true;
}

/* Read `since`, which must be given once. */
static bool read_since(struct text raw, struct revision_name *since,
                       struct http_response *response)
{
    struct query pairs;
    struct query_pair pair;
    bool given = false;

    query_init(&pairs, raw);
    while (query_next(&pairs, &pair) == QUERY_PAIR) {
        if (!text_equal(pair.name, TEXT("since")))
            continue;
        if (given) {
            problem_set(response, 400, "since is given twice");
            return false;
        }
        given = true;
        if (!revisions_read(pair.value, since)) {
            problem_set(response, 400,
                        "since must be a revision, such as "
                        "8f14e45fceea167a-42, or the ETag of a list");
            return false;
        }
    }
    if (!given)
        problem_set(response, 400,
                    "wait needs since: it waits for a change after that "
                    "revision");
    return given;
}

bool changes_url_parse(struct text raw, struct changes_query *query,
                       struct http_response *response)
{
    struct parameter_integer integers[] = {
        {"limit", 1, CHANGES_URL_MAX_LIMIT, CHANGES_URL_LIMIT},
        {"wait", 1, CHANGES_URL_MAX_WAIT, 0},
    };
    struct revision_name since;

    if (!read_since(raw, &since, response) || !check_of_lists(raw, response) ||
        !parameters_read_integers(raw, integers, 2, response))
        return false;
    *query = (struct changes_query){since, (size_t)integers[0].value,
                                    (unsigned)integers[1].value};
    return true;
}

void changes_url_write(const struct changes_query *query, struct buffer *out)
{
    buffer_append(out, TEXT("?since="));
    revisions_write(out, &query->since);
    buffer_append(out, TEXT("&limit="));
    buffer_append_unsigned(out, query->limit);
}
