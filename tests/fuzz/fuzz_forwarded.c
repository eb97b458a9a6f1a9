/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes what proxies say of their clients. The input has a line each for the
 * trusted networks, what a client sends in front of the proxies' own words,
 * Forwarded, X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host; "-" is an
 * absent field.
 *
 * - The result is that of a second implementation, by regular expressions.
 * - What a client sends in front changes nothing, or hides the client: never
 *   does it become what no trusted proxy has said.
 * - If both kinds of fields are sent, nothing is known but what both say.
 */
#include "fuzz.h"

#include <arpa/inet.h>
#include <strings.h>

#include "http/forwarded.h"

#define OWS "[ \t]*"
#define TOKEN "[-!#$%&'*+.^_`|~0-9A-Za-z]+"
#define QUOTED "\"([\t !#-[]|[]^-~]|[\x80-\xff]|\\\\([\t -~]|[\x80-\xff]))*\""
#define PAIR "(" TOKEN ")=(" TOKEN "|" QUOTED ")"
#define ELEMENT OWS "(" PAIR OWS ")?(;" OWS "(" PAIR OWS ")?)*"
#define HOST                                                                   \
    "([A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f][0-9A-Fa-f])+|"                   \
    "[[][A-Za-z0-9._~!$&'()*+,;=:%-]+[]]"

enum { MAX_SIZE = 600, MAX_HOPS = MAX_SIZE };

struct said {
    struct text node, proto, host;
};

struct saying {
    struct said all[MAX_HOPS];
    size_t count;
};

static bool is_equal(struct text a, struct text b)
{
    return a.length == b.length &&
           (a.length == 0 || strncasecmp(a.data, b.data, a.length) == 0);
}

/* The value of a pair: what is between the quotes, if nothing is escaped. */
static struct text plain_value(struct text value)
{
    if (value.data[0] != '"')
        return value;
    value = (struct text){value.data + 1, value.length - 2};
    return memchr(value.data, '\\', value.length) == NULL ? value : TEXT("");
}

static bool add_value(struct said *said, struct text name, struct text value)
{
    struct text *place = is_equal(name, TEXT("for"))     ? &said->node
                         : is_equal(name, TEXT("proto")) ? &said->proto
                         : is_equal(name, TEXT("host"))  ? &said->host
                                                         : NULL;

    if (place == NULL)
        return true;
    if (place->data != NULL)
        return false;
    *place = plain_value(value);
    return true;
}

static bool split_forwarded(struct text field, struct saying *saying)
{
    static struct fuzz_pattern whole = {.expression =
                                            "^" ELEMENT "(," ELEMENT ")*$"};
    static struct fuzz_pattern first = {.expression = "^" PAIR};
    struct text parts[FUZZ_PARTS];

    saying->count = 1;
    saying->all[0] = (struct said){.node = {NULL, 0}};
    if (!fuzz_match(&whole, field, NULL))
        return false;
    while (field.length > 0) {
        if (fuzz_match(&first, field, parts)) {
            if (!add_value(&saying->all[saying->count - 1], parts[1], parts[2]))
                return false;
            field = text_skip(field, parts[0].length);
            continue;
        }
        if (field.data[0] == ',')
            saying->all[saying->count++] = (struct said){.node = {NULL, 0}};
        field = text_skip(field, 1);
    }
    return true;
}

static size_t split_list(struct text field, struct text out[MAX_HOPS])
{
    size_t count = 0;

    while (field.data != NULL)
        out[count++] = text_trim(text_split(&field, ','));
    return count;
}

static bool node_address(struct text node, bool bare, struct forwarded *result)
{
    static struct fuzz_pattern dotted = {
        .expression =
            "^([0-9.]+)(:([0-9]{1,5}|_[-!#$%&'*+.^_`|~0-9A-Za-z]+))?$"};
    static struct fuzz_pattern colons = {
        .expression = "^[[]([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)[]]"
                      "(:([0-9]{1,5}|_[-!#$%&'*+.^_`|~0-9A-Za-z]+))?$"};
    struct text parts[FUZZ_PARTS];
    char text[64] = "";

    result->port = 0;
    if (bare && networks_read_address(node, &result->client))
        return true;
    if (!fuzz_match(&dotted, node, parts) && !fuzz_match(&colons, node, parts))
        return false;
    if (parts[1].length >= sizeof(text))
        return false;
    memcpy(text, parts[1].data, parts[1].length);
    if (!networks_read_address(text_of(text), &result->client))
        return false;
    if (parts[3].data == NULL || parts[3].data[0] == '_')
        return true;
    char port[8] = "";
    memcpy(port, parts[3].data, parts[3].length);
    result->port = (uint16_t)strtoul(port, NULL, 10);
    return strtoul(port, NULL, 10) <= 65535;
}

/*
 * From the beginning: each trusted node leaves what was before it. Returns how
 * many are behind the hop that is found.
 */
static size_t fold(const struct saying *saying, bool bare,
                   const struct networks *trusted, struct forwarded *result)
{
    size_t behind = 0;

    for (size_t i = 0; i < saying->count; i++) {
        struct forwarded node = {.has_client = false};
        node.has_client = saying->all[i].node.data != NULL &&
                          node_address(saying->all[i].node, bare, &node);
        if (i > 0 && node.has_client && networks_have(trusted, &node.client)) {
            behind++;
            continue;
        }
        behind = 0;
        *result = node;
    }
    return behind;
}

static void set_url(struct forwarded *result, struct text proto,
                    struct text host)
{
    static struct fuzz_pattern valid = {.expression = "^(" HOST ")(:[0-9]*)?$"};

    result->scheme = is_equal(proto, TEXT("http"))    ? HTTP_SCHEME_HTTP
                     : is_equal(proto, TEXT("https")) ? HTTP_SCHEME_HTTPS
                                                      : HTTP_SCHEME_UNKNOWN;
    result->host = (struct text){NULL, 0};
    if (fuzz_match(&valid, host, NULL))
        result->host = host;
}

static struct forwarded expect_forwarded(struct text field,
                                         const struct networks *trusted)
{
    static struct saying saying;
    struct forwarded result = {.has_client = false};

    if (!split_forwarded(field, &saying))
        return (struct forwarded){.has_client = false};
    size_t behind = fold(&saying, false, trusted, &result);
    if (behind >= FORWARDED_MAX_HOPS)
        return (struct forwarded){.has_client = false};
    const struct said *said = &saying.all[saying.count - 1 - behind];
    set_url(&result, said->proto, said->host);
    return result;
}

/* The element before `behind` others, or the first. */
static struct text pick(struct text list, size_t behind)
{
    static struct text all[MAX_HOPS];
    size_t count = split_list(list, all);

    if (count == 0)
        return (struct text){NULL, 0};
    return all[count > behind ? count - 1 - behind : 0];
}

static struct forwarded expect_x(const struct forwarded_fields *fields,
                                 const struct networks *trusted)
{
    static struct saying saying;
    static struct text nodes[MAX_HOPS];
    struct forwarded result = {.has_client = false};

    saying.count = split_list(fields->x_for, nodes);
    for (size_t i = 0; i < saying.count; i++)
        saying.all[i] = (struct said){.node = nodes[i]};
    size_t behind = fold(&saying, true, trusted, &result);
    if (behind >= FORWARDED_MAX_HOPS)
        return (struct forwarded){.has_client = false};
    set_url(&result, pick(fields->x_proto, behind),
            pick(fields->x_host, behind));
    return result;
}

static bool is_same_client(const struct forwarded *a, const struct forwarded *b)
{
    return a->has_client && b->has_client &&
           memcmp(&a->client, &b->client, sizeof(a->client)) == 0;
}

static bool is_same_host(const struct forwarded *a, const struct forwarded *b)
{
    return a->host.data != NULL && b->host.data != NULL &&
           is_equal(a->host, b->host);
}

/* Whether all that `a` knows `b` knows as well. */
static bool is_part(const struct forwarded *a, const struct forwarded *b)
{
    return (!a->has_client || is_same_client(a, b)) &&
           (!a->has_client || a->port == 0 || a->port == b->port) &&
           (a->scheme == HTTP_SCHEME_UNKNOWN || a->scheme == b->scheme) &&
           (a->host.data == NULL || is_same_host(a, b));
}

static bool is_same(const struct forwarded *a, const struct forwarded *b)
{
    return is_part(a, b) && is_part(b, a);
}

static void check_lies(const struct forwarded_fields *fields, struct text lie,
                       const struct networks *trusted)
{
    struct forwarded honest, found;
    char joined[2 * MAX_SIZE + 8];

    const struct forwarded_fields forwarded = {.forwarded = fields->forwarded};
    const struct forwarded_fields x = {.x_for = fields->x_for};
    for (int i = 0; i < 2; i++) {
        const struct forwarded_fields *own = i == 0 ? &forwarded : &x;
        struct text field = i == 0 ? fields->forwarded : fields->x_for;
        if (field.data == NULL || lie.data == NULL)
            continue;
        /* A client that the proxies know is what the lie may not replace. */
        forwarded_read(own, trusted, &honest);
        if (!honest.has_client || networks_have(trusted, &honest.client))
            continue;
        int length =
            snprintf(joined, sizeof(joined), "%.*s, %.*s", (int)lie.length,
                     lie.data, (int)field.length, field.data);
        struct forwarded_fields with = *own;
        *(i == 0 ? &with.forwarded : &with.x_for) =
            (struct text){joined, (size_t)length};
        forwarded_read(&with, trusted, &found);
        FUZZ_CHECK(is_part(&found, &honest));
        FUZZ_CHECK(i == 0 || is_same(&found, &honest));
        FUZZ_CHECK(!found.has_client || is_same(&found, &honest));
    }
}

static void check_fields(const struct forwarded_fields *fields,
                         const struct networks *trusted)
{
    const struct forwarded_fields one = {.forwarded = fields->forwarded};
    struct forwarded_fields other = *fields;
    struct forwarded found, by_one, by_other, expected;

    other.forwarded = (struct text){NULL, 0};
    forwarded_read(fields, trusted, &found);
    forwarded_read(&one, trusted, &by_one);
    forwarded_read(&other, trusted, &by_other);
    if (fields->forwarded.data != NULL) {
        expected = expect_forwarded(fields->forwarded, trusted);
        FUZZ_CHECK(is_same(&by_one, &expected));
    }
    expected = expect_x(&other, trusted);
    FUZZ_CHECK(is_same(&by_other, &expected));
    if (!forwarded_is_sent(&other)) {
        FUZZ_CHECK(is_same(&found, &by_one));
    } else if (!forwarded_is_sent(&one)) {
        FUZZ_CHECK(is_same(&found, &by_other));
    } else {
        FUZZ_CHECK(is_part(&found, &by_one) && is_part(&found, &by_other));
        FUZZ_CHECK(found.has_client == is_same_client(&by_one, &by_other));
        FUZZ_CHECK(found.scheme == by_one.scheme ||
                   by_one.scheme != by_other.scheme);
        FUZZ_CHECK((found.host.data != NULL) ==
                   is_same_host(&by_one, &by_other));
    }
}

/* The next line as a field; absent for "-" or no line. */
static struct text take_field(struct text *rest)
{
    struct text line = text_split(rest, '\n');

    if (line.data == NULL || text_equal(line, TEXT("-")))
        return (struct text){NULL, 0};
    return exact_copy(text_trim(line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = fuzz_text(data, size);
    struct networks trusted = {.count = 0};

    if (size > MAX_SIZE || memchr(rest.data, '\0', rest.length) != NULL)
        return 0;
    struct text list = take_field(&rest);
    struct text lie = take_field(&rest);
    struct forwarded_fields fields = {take_field(&rest), take_field(&rest),
                                      take_field(&rest), take_field(&rest)};
    (void)networks_read(list, &trusted);
    check_fields(&fields, &trusted);
    check_lies(&fields, lie, &trusted);
    exact_copy_free(fields.x_host);
    exact_copy_free(fields.x_proto);
    exact_copy_free(fields.x_for);
    exact_copy_free(fields.forwarded);
    exact_copy_free(lie);
    exact_copy_free(list);
    return 0;
}
