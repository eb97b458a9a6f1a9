/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row a field that is counted or kept; all others pass unseen, but for
 * the form of their names.
 */
#include "server_guard.h"

#include <microhttpd.h>
#include <string.h>

struct reading {
    struct http_fields *fields;
    struct server_head *head;
    unsigned hosts, lengths, encodings;
    bool bad_name, bad_length, bad_encoding;
};

static void keep_first(struct text *field, struct text value)
{
    if (field->data == NULL)
        *field = text_trim(value);
}

static void read_host(struct reading *reading, struct text value)
{
    reading->hosts++;
    keep_first(&reading->fields->host, value);
}

/* Digits only: no sign, no list (RFC 9112 section 6.3). */
static void read_length(struct reading *reading, struct text value)
{
    reading->lengths++;
    if (!text_read_unsigned(value, UINT64_MAX, &reading->head->content_length))
        reading->bad_length = true;
}

/*
 * "chunked" and nothing else, not even a blank behind it: MHD compares the
 * value as it stands.
 */
static void read_encoding(struct reading *reading, struct text value)
{
    reading->encodings++;
    if (!text_equal_ignoring_case(value, TEXT("chunked")))
        reading->bad_encoding = true;
}

static void read_expect(struct reading *reading, struct text value)
{
    if (text_equal_ignoring_case(text_trim(value), TEXT("100-continue")))
        reading->head->expects_continue = true;
}

static void read_content_type(struct reading *reading, struct text value)
{
    keep_first(&reading->fields->content_type, value);
}

static void read_accept_encoding(struct reading *reading, struct text value)
{
    keep_first(&reading->fields->accept_encoding, value);
}

static void read_if_none_match(struct reading *reading, struct text value)
{
    keep_first(&reading->fields->if_none_match, value);
}

static void read_origin(struct reading *reading, struct text value)
{
    keep_first(&reading->fields->origin, value);
}

static void read_sec_fetch_site(struct reading *reading, struct text value)
{
    keep_first(&reading->fields->sec_fetch_site, value);
}

static const struct field {
    struct text name;
    void (*read)(struct reading *reading, struct text value);
} fields[] = {
    {{"Host", 4}, read_host},
    {{"Content-Length", 14}, read_length},
    {{"Transfer-Encoding", 17}, read_encoding},
    {{"Expect", 6}, read_expect},
    {{"Content-Type", 12}, read_content_type},
    {{"Accept-Encoding", 15}, read_accept_encoding},
    {{"If-None-Match", 13}, read_if_none_match},
    {{"Origin", 6}, read_origin},
    {{"Sec-Fetch-Site", 14}, read_sec_fetch_site},
};

/*
 * A character that names are made of: RFC 9110 section 5.6.2, tchar. The
 * usual ones first, as there are many of them in a head.
 */
static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+.^_`|~", c) != NULL);
}

/*
 * A line that begins with a blank continues the one before (obs-fold, RFC
 * 9112 section 5.2). MHD 0.9.75 hangs it on that one's name: a folded
 * Content-Length would pass as the unknown field "Content-Length32", and
 * "Content-Len: 33" folded with "gth" would become a Content-Length. To do so
 * it copies the name elsewhere; so where a value does not stand right behind
 * its name, as it does in the head, the line was folded.
 */
static bool is_folded(struct text name, struct text value)
{
    const char *behind = name.data + name.length + 1; /* the colon */

    while (*behind == ' ' || *behind == '\t')
        behind++;
    return value.length > 0 && behind != value.data;
}

/* The other case, where the value is empty and so can't tell. */
static bool hides_framing(struct text name)
{
    static const struct text framing[] = {{"Content-Length", 14},
                                          {"Transfer-Encoding", 17}};

    for (size_t i = 0; i < 2; i++) {
        struct text start = {name.data, framing[i].length};
        if (name.length > start.length &&
            text_equal_ignoring_case(start, framing[i]))
            return true;
    }
    return false;
}

static bool is_good_name(struct text name)
{
    for (size_t i = 0; i < name.length; i++)
        if (!is_name_character(name.data[i]))
            return false;
    return name.length > 0 && !hides_framing(name);
}

static enum MHD_Result read_field(void *context, enum MHD_ValueKind kind,
                                  const char *name, size_t name_length,
                                  const char *value, size_t value_length)
{
    struct reading *reading = context;
    struct text key = {name, name_length};
    /* MHD gives NULL for a value that is empty. */
    struct text text = {value == NULL ? "" : value, value_length};

    (void)kind;
    if (!is_good_name(key) || is_folded(key, text))
        reading->bad_name = true;
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        if (fields[i].name.length == name_length &&
            text_equal_ignoring_case(fields[i].name, key)) {
            fields[i].read(reading, text);
            break;
        }
    }
    return MHD_YES;
}

const char *server_guard_read(struct MHD_Connection *connection,
                              const char *version, struct http_fields *kept,
                              struct server_head *head)
{
    struct reading reading = {.fields = kept, .head = head};
    bool old = strcmp(version, "HTTP/1.0") == 0;

    *kept = (struct http_fields){.host = {NULL, 0}};
    *head = (struct server_head){.expects_continue = false};
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, read_field,
                                &reading);
    if (reading.bad_name)
        return "a header's name has a character that names don't have, or "
               "its line is folded";
    if (reading.encodings > 1 || reading.bad_encoding ||
        (reading.encodings > 0 && old))
        return "the only Transfer-Encoding understood is one \"chunked\", in "
               "HTTP/1.1";
    if (reading.encodings > 0 && reading.lengths > 0)
        return "a request has a Transfer-Encoding or a Content-Length, not "
               "both";
    if (reading.lengths > 1 || reading.bad_length)
        return "a request has one Content-Length, of digits only";
    if (reading.hosts > 1 || (reading.hosts == 0 && !old))
        return "a request has one Host header";
    return NULL;
}
