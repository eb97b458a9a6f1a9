/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts of responses to a single message.
 */
#include "message_response.h"

#include "base/metrics.h"
#include "format/json_write.h"
#include "http/problem.h"

/* `curl -d @FILE` removes the ends of lines. */
static const char how_to_send_several[] =
    "; to send several messages, send application/x-ndjson, one message a line "
    "(with curl: --data-binary)";

static void write_result(struct http_response *response,
                         const struct message *message,
                         enum message_outcome outcome)
{
    struct buffer *body = &response->body;

    response->status = 202;
    http_response_header(response, "Content-Type", "application/json");
    buffer_reserve(body, 6 * message->channel.length + 96);
    buffer_append(body, TEXT("{\"channel\":"));
    json_append(body, message->channel);
    buffer_append(body, TEXT(",\"messageNumber\":"));
    buffer_append_unsigned(body, message->number);
    buffer_append(body, TEXT(",\"processed\":"));
    buffer_append(body,
                  outcome == MESSAGE_APPLIED ? TEXT("true") : TEXT("false"));
    buffer_append(body, TEXT(",\"result\":\""));
    buffer_append(body, message_outcome_name(outcome));
    buffer_append(body, TEXT("\"}"));
}

void message_respond(const struct message *message,
                     enum message_outcome outcome,
                     struct http_response *response)
{
    if (outcome == MESSAGE_NO_MEMORY)
        problem_set_no_memory(response);
    else
        write_result(response, message, outcome);
}

void message_respond_unparsed(const struct api_metrics *counts,
                              enum parse_status status,
                              const struct parsed_message *parsed,
                              struct http_response *response)
{
    if (status == PARSE_NO_MEMORY) {
        metric_add(counts->messages, API_NO_MEMORY, 1);
        problem_set_no_memory(response);
    } else {
        metric_add(counts->messages, API_REJECTED, 1);
        problem_set(response, 400, "%s%s", parsed->detail,
                    parsed->is_several ? how_to_send_several : "");
    }
}
