/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row for each field that is counted or kept.
 */
#include "head_fields.h"

#include <stdint.h>

#include "base/buffer.h"
#include "http/fields.h"

/*
 * A field that has one value. If it comes twice, others may use the other one
 * (RFC 9110 section 8.3 about Content-Type).
 */
static void keep_single(struct head_reading *reading, struct text *field,
                        struct text value)
{
    if (field->data != NULL)
        reading->repeated = true;
    *field = text_trim(value);
}

/* Several fields are one, in their order, with `separator` between them. */
static void keep_joined(struct head_reading *reading, enum head_list list,
                        struct text *field, struct text separator,
                        struct text value)
{
    struct buffer *joined = &reading->head->joined[list];

    if (field->data == NULL) {
        *field = text_trim(value);
        return;
    }
    if (field->data != joined->data) {
        buffer_clear(joined);
        buffer_append(joined, *field);
    }
    reading->head->has_joined = true;
    buffer_append(joined, separator);
    buffer_append(joined, text_trim(value));
    *field = buffer_text(joined);
    reading->no_memory = reading->no_memory || buffer_failed(joined);
}

/* A list (RFC 9110 section 5.3). */
static void keep_list(struct head_reading *reading, enum head_list list,
                      struct text *field, struct text value)
{
    keep_joined(reading, list, field, TEXT(", "), value);
}

static void read_host(struct head_reading *reading, struct text value)
{
    reading->hosts++;
    reading->fields->host = text_trim(value);
}

/* Digits only: no sign, no list (RFC 9112 section 6.3). */
static void read_length(struct head_reading *reading, struct text value)
{
    reading->lengths++;
    if (!text_read_unsigned(value, UINT64_MAX, &reading->head->content_length))
        reading->bad_length = true;
}

/*
 * "chunked" and nothing else, not even white space behind it: MHD compares the
 * whole value, before we see it, and would read the body to the end of the
 * connection.
 */
static void read_encoding(struct head_reading *reading, struct text value)
{
    enum http_transfer_coding coding = http_transfer_coding_of(value);

    reading->encodings++;
    reading->bad_encoding |= coding == HTTP_TRANSFER_INVALID;
    reading->unknown_encoding |= coding == HTTP_TRANSFER_UNKNOWN;
}

/*
 * MHD sends 100 only if the first Expect field is exactly "100-continue". Other
 * clients must not be left waiting (RFC 9110 section 10.1.1). White space
 * behind the value is not part of it; MHD, which looks at the value after us,
 * finds a NUL in its place. The value lies in the connection's own memory. In
 * HTTP/1.0 the field is to be ignored.
 */
static void read_expect(struct head_reading *reading, struct text value)
{
    struct text trimmed = text_trim(value);

    if (reading->head->old)
        return;
    if (text_equal_ignoring_case(trimmed, TEXT("100-continue"))) {
        reading->head->expects_continue = true;
        if (trimmed.length < value.length)
            ((char *)value.data)[trimmed.length] = '\0';
    } else if (trimmed.length > 0) {
        reading->other_expectations = true;
    } else {
        reading->no_expectations = true;
    }
}

static void read_content_type(struct head_reading *reading, struct text value)
{
    keep_single(reading, &reading->fields->content_type, value);
}

static void read_content_encoding(struct head_reading *reading,
                                  struct text value)
{
    keep_list(reading, HEAD_CONTENT_ENCODING,
              &reading->fields->content_encoding, value);
}

static void read_accept_encoding(struct head_reading *reading,
                                 struct text value)
{
    keep_list(reading, HEAD_ACCEPT_ENCODING, &reading->fields->accept_encoding,
              value);
}

static void read_if_none_match(struct head_reading *reading, struct text value)
{
    keep_list(reading, HEAD_IF_NONE_MATCH, &reading->fields->if_none_match,
              value);
}

static void read_last_event_id(struct head_reading *reading, struct text value)
{
    keep_single(reading, &reading->fields->last_event_id, value);
}

static void read_origin(struct head_reading *reading, struct text value)
{
    keep_single(reading, &reading->fields->origin, value);
}

static void read_sec_fetch_site(struct head_reading *reading, struct text value)
{
    keep_single(reading, &reading->fields->sec_fetch_site, value);
}

/* Two are a list (RFC 9110 section 5.3), so neither of them counts. */
static void read_lunar_after(struct head_reading *reading, struct text value)
{
    bool again = reading->fields->lunar_after.data != NULL;

    reading->fields->lunar_after = again ? TEXT(",") : text_trim(value);
}

/* No request is refused for its id. The first valid one counts. */
static void read_request_id(struct head_reading *reading, struct text value)
{
    struct text id = text_trim(value);

    if (reading->fields->request_id.data == NULL && http_is_request_id(id))
        reading->fields->request_id = id;
}

/* It has one value (RFC 9110 section 11.6.2). */
static void read_authorization(struct head_reading *reading, struct text value)
{
    keep_single(reading, &reading->fields->authorization, value);
}

/*
 * HTTP/2 lets a client send each cookie in a field of its own; in HTTP/1.1 a
 * semicolon joins them (RFC 9113 section 8.2.3), which some proxies leave to
 * us.
 */
static void read_cookie(struct head_reading *reading, struct text value)
{
    keep_joined(reading, HEAD_COOKIE, &reading->fields->cookie, TEXT("; "),
                value);
}

static void read_forwarded(struct head_reading *reading, struct text value)
{
    keep_list(reading, HEAD_FORWARDED, &reading->head->forwarded.forwarded,
              value);
}

static void read_x_forwarded_for(struct head_reading *reading,
                                 struct text value)
{
    keep_list(reading, HEAD_X_FORWARDED_FOR, &reading->head->forwarded.x_for,
              value);
}

static void read_x_forwarded_host(struct head_reading *reading,
                                  struct text value)
{
    keep_list(reading, HEAD_X_FORWARDED_HOST, &reading->head->forwarded.x_host,
              value);
}

static void read_x_forwarded_proto(struct head_reading *reading,
                                   struct text value)
{
    keep_list(reading, HEAD_X_FORWARDED_PROTO,
              &reading->head->forwarded.x_proto, value);
}

static void read_connection(struct head_reading *reading, struct text value)
{
    reading->wants_close |= http_list_has(value, TEXT("close"));
    reading->wants_keep_alive |= http_list_has(value, TEXT("keep-alive"));
}

enum {
    LONGEST_NAME = 17,
    ALIKE = 4, /* names of one length, and the end of their row */
};

/*
 * By the lengths of the names, as each field of each request is looked up. A
 * row ends with a name of NULL.
 */
static const struct field {
    const char *name;
    void (*read)(struct head_reading *reading, struct text value);
} fields[LONGEST_NAME + 1][ALIKE] = {
    [4] = {{"Host", read_host}},
    [6] = {{"Expect", read_expect},
           {"Origin", read_origin},
           {"Cookie", read_cookie}},
    [9] = {{"Forwarded", read_forwarded}},
    [10] = {{"Connection", read_connection}},
    [11] = {{"Lunar-After", read_lunar_after}},
    [12] = {{"Content-Type", read_content_type},
            {"X-Request-Id", read_request_id}},
    [13] = {{"Authorization", read_authorization},
            {"If-None-Match", read_if_none_match},
            {"Last-Event-ID", read_last_event_id}},
    [14] = {{"Content-Length", read_length},
            {"Sec-Fetch-Site", read_sec_fetch_site}},
    [15] = {{"Accept-Encoding", read_accept_encoding},
            {"X-Forwarded-For", read_x_forwarded_for}},
    [16] = {{"Content-Encoding", read_content_encoding},
            {"X-Forwarded-Host", read_x_forwarded_host}},
    [17] = {{"Transfer-Encoding", read_encoding},
            {"X-Forwarded-Proto", read_x_forwarded_proto}},
};

static const struct field *find_field(struct text name)
{
    if (name.length > LONGEST_NAME)
        return NULL;
    for (const struct field *field = fields[name.length]; field->name != NULL;
         field++)
        if (text_equal_ignoring_case((struct text){field->name, name.length},
                                     name))
            return field;
    return NULL;
}

void head_read_field(struct head_reading *reading, struct text name,
                     struct text value)
{
    const struct field *field = find_field(name);

    if (field != NULL)
        field->read(reading, value);
}
