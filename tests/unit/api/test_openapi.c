/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that openapi.yaml lists exactly the message types, and the members of a
 * rocket, that the service has. scripts/conformance.sh checks the values.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdio.h>

#include "api/rocket_json.h"
#include "lib/messages.h"
#include "lib/openapi.h"

static void document_lists_the_message_types(void **context)
{
    (void)context;
    static const char *const schemas_path[] = {"    Message", "      oneOf",
                                               NULL};
    struct openapi_names types = openapi_message_types();
    struct openapi_names schemas =
        openapi_list(schemas_path, "        - $ref: ");

    assert_int_equal(types.count, MESSAGE_TYPE_COUNT);
    assert_int_equal(schemas.count, MESSAGE_TYPE_COUNT);
    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++) {
        const char *name = messages_type_name((enum message_type)i);
        char schema[OPENAPI_NAME_SIZE];

        snprintf(schema, sizeof(schema), "'#/components/schemas/%s'", name);
        assert_string_equal(types.names[i], name);
        assert_string_equal(schemas.names[i], schema);
    }
}

static void document_lists_the_members_of_a_rocket(void **context)
{
    (void)context;
    static const char *const required_path[] = {"    Rocket", "      required",
                                                NULL};
    struct openapi_names members = openapi_rocket_members();
    struct openapi_names required = openapi_list(required_path, "        - ");
    struct rocket_view view = {.id = TEXT("r"), .updated = messages_time(1)};
    struct buffer out = BUFFER_INIT;
    size_t count = 0;

    rocket_json_write(&out, &view);
    cJSON *rocket = cJSON_ParseWithLength(out.data, out.length);
    const cJSON *member;
    cJSON_ArrayForEach(member, rocket)
    {
        assert_string_equal(members.names[count], member->string);
        assert_string_equal(required.names[count], member->string);
        count++;
    }
    assert_int_equal(members.count, count);
    assert_int_equal(required.count, count);
    cJSON_Delete(rocket);
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(document_lists_the_message_types),
        cmocka_unit_test(document_lists_the_members_of_a_rocket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
