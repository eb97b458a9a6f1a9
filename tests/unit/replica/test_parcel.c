/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parcels: what a ticket gets by what is known of its messages, and lists that
 * stay in the order of age.
 */
#include "lib/unit_check.h"

#include "replica/parcel.h"

enum { MESSAGES = 3 };

static size_t settled;

static void count_settled(struct journal_ticket *ticket)
{
    (void)ticket;
    settled++;
}

static struct parcel *make(struct journal_ticket *ticket, uint64_t sent_us)
{
    *ticket =
        (struct journal_ticket){.count = MESSAGES, .settled = count_settled};
    struct parcel *parcel = parcel_new(ticket, sent_us);

    if (parcel == NULL)
        abort();
    return parcel;
}

/* The times of the list, in its order and back. */
static void expect_times(const struct parcel_list *list, const uint64_t *times,
                         size_t count)
{
    const struct parcel *parcel = list->first;

    for (size_t i = 0; i < count; i++, parcel = parcel->next) {
        assert_non_null(parcel);
        assert_int_equal(parcel->sent_us, times[i]);
    }
    assert_null(parcel);
    parcel = list->last;
    for (size_t i = count; i-- > 0; parcel = parcel->before)
        assert_int_equal(parcel->sent_us, times[i]);
    assert_null(parcel);
}

/* As one that waited for a flight is older than those produced meanwhile. */
static void list_is_by_age_in_whatever_order_parcels_come(void **state)
{
    static const uint64_t coming[] = {50, 70, 60, 10, 70, 90};
    static const uint64_t all[] = {10, 50, 60, 70, 70, 90};
    static const uint64_t rest[] = {50, 60, 70, 70};
    struct journal_ticket tickets[6];
    struct parcel_list list = {NULL, NULL};
    struct parcel *parcel = NULL;

    (void)state;
    for (size_t i = 0; i < 6; i++)
        parcel_list_add(&list, make(&tickets[i], coming[i]));
    expect_times(&list, all, 6);
    parcel = list.first;
    parcel_list_remove(&list, parcel);
    free(parcel);
    parcel = list.last;
    parcel_list_remove(&list, parcel);
    free(parcel);
    expect_times(&list, rest, 4);
    parcel_list_release(&list);
    assert_null(list.first);
    assert_null(list.last);
}

static void outcome_is_what_is_known_of_all_messages(void **state)
{
    static const struct {
        size_t applied, refused, lost, unsent;
        enum journal_outcome outcome;
    } rows[] = {
        {3, 0, 0, 0, JOURNAL_SETTLED}, {0, 3, 0, 0, JOURNAL_REFUSED},
        {0, 0, 0, 3, JOURNAL_REFUSED}, {0, 1, 0, 2, JOURNAL_REFUSED},
        {2, 1, 0, 0, JOURNAL_UNKNOWN}, {2, 0, 0, 1, JOURNAL_UNKNOWN},
        {0, 0, 3, 0, JOURNAL_UNKNOWN}, {0, 2, 1, 0, JOURNAL_UNKNOWN},
    };
    struct journal_ticket ticket;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parcel *parcel = make(&ticket, 1);
        assert_false(parcel_is_complete(parcel));
        parcel->applied = rows[i].applied;
        parcel->refused = rows[i].refused;
        parcel->lost = rows[i].lost;
        parcel->unsent = rows[i].unsent;
        parcel->last = 77;
        assert_true(parcel_is_complete(parcel));
        settled = 0;
        parcel_settle(parcel);
        assert_int_equal(settled, 1);
        assert_int_equal(ticket.outcome, rows[i].outcome);
        assert_int_equal(ticket.last,
                         rows[i].outcome == JOURNAL_SETTLED ? 77 : 0);
        free(parcel);
    }
}

static void ticket_of_many_messages_is_not_small(void **state)
{
    struct journal_ticket ticket = {.count = OUTBOX_SMALL - 1};
    struct parcel *parcel = parcel_new(&ticket, 1);

    (void)state;
    assert_true(parcel_is_small(parcel));
    free(parcel);
    ticket.count = OUTBOX_SMALL;
    parcel = parcel_new(&ticket, 1);
    assert_false(parcel_is_small(parcel));
    free(parcel);
}

static void mark_leads_to_its_parcel(void **state)
{
    struct journal_ticket ticket;
    struct parcel *parcel = make(&ticket, 1);

    (void)state;
    for (size_t i = 0; i < MESSAGES; i++)
        assert_ptr_equal(parcel_of(&parcel->marks[i]), parcel);
    free(parcel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_is_by_age_in_whatever_order_parcels_come),
        cmocka_unit_test(outcome_is_what_is_known_of_all_messages),
        cmocka_unit_test(ticket_of_many_messages_is_not_small),
        cmocka_unit_test(mark_leads_to_its_parcel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
