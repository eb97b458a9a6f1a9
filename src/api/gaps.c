/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /rockets/{id}/gaps: which messages of a rocket are missing.
 */
#include <stdlib.h>

#include "domain/message.h"
#include "etags.h"
#include "format/json_write.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "operations.h"
#include "parameters.h"
#include "table/table_gaps.h"

enum { DEFAULT_LIMIT = 1000, MAX_LIMIT = 10000 /* gaps of a page */ };

struct gaps_query {
    uint64_t after;
    size_t limit;
};

const char *gaps_parameter(size_t index)
{
    static const char *const names[] = {"after", "limit"};

    return index < sizeof(names) / sizeof(names[0]) ? names[index] : NULL;
}

/* False, with a 400 in `response`, if it is invalid. */
static bool read_query(struct text raw, struct gaps_query *query,
                       struct http_response *response)
{
    struct parameter_integer integers[] = {
        {gaps_parameter(0), 0, MESSAGE_MAX_NUMBER, 0},
        {gaps_parameter(1), 1, MAX_LIMIT, DEFAULT_LIMIT},
    };

    if (!parameters_read_integers(raw, integers, 2, response))
        return false;
    *query = (struct gaps_query){integers[0].value, (size_t)integers[1].value};
    return true;
}

static void write_gaps(const struct table_gap gaps[],
                       const struct table_gaps *found, struct buffer *out)
{
    buffer_append(out, TEXT("{"));
    json_append_member(out, TEXT("missingMessages"), found->missing);
    json_append_name(out, TEXT("gaps"));
    buffer_append(out, TEXT("["));
    for (size_t i = 0; i < found->count; i++) {
        buffer_append(out, i > 0 ? TEXT(",{") : TEXT("{"));
        json_append_member(out, TEXT("from"), gaps[i].from);
        json_append_member(out, TEXT("to"), gaps[i].to);
        buffer_append(out, TEXT("}"));
    }
    buffer_append(out, TEXT("]"));
    json_append_name(out, TEXT("givenUp"));
    buffer_append(out, TEXT("{"));
    json_append_member(out, TEXT("upTo"), found->given_up_to);
    json_append_member(out, TEXT("count"), found->given_up);
    buffer_append(out, TEXT("}}"));
}

/* The gaps behind these: a relative reference without a path (list_url.h). */
static bool put_link(const struct gaps_query *query, uint64_t last,
                     struct http_response *response)
{
    struct buffer link = BUFFER_INIT;

    buffer_append(&link, TEXT("<?after="));
    buffer_append_unsigned(&link, last);
    buffer_append(&link, TEXT("&limit="));
    buffer_append_unsigned(&link, query->limit);
    buffer_append(&link, TEXT(">; rel=\"next\""));
    bool done = !buffer_failed(&link) &&
                http_response_header_copy(response, "Link", buffer_text(&link));
    buffer_release(&link);
    return done;
}

void gaps_get(struct api *api, const struct http_request *request,
              struct http_response *response)
{
    struct gaps_query query;
    struct table_gaps found;

    if (!read_query(request->query, &query, response))
        return;
    struct table_gap *gaps = malloc(query.limit * sizeof(*gaps));
    if (gaps == NULL) {
        problem_set_no_memory(response);
    } else if (!table_gaps(api->table, request->segments[1], query.after, gaps,
                           query.limit, &found)) {
        rockets_set_unknown(response);
    } else {
        etags_answer(api, request, found.revision, response);
        http_response_header(response, "Content-Type", "application/json");
        write_gaps(gaps, &found, &response->body);
        if (found.more && !put_link(&query, gaps[found.count - 1].to, response))
            problem_set_no_memory(response);
    }
    free(gaps);
}
