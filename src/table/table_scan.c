/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of a scan. Its steps are in scan_step.c.
 */
#include "table/table_scan.h"

#include "abbreviation.h"

void table_scan_init(struct table_scan *scan, enum table_field field,
                     bool descending, const struct table_filter *filter)
{
    scan->field = field;
    scan->descending = descending;
    scan->filter = *filter;
    scan->first = scan->last = (struct table_bound){.set = false};
    scan->stripe = scan->block = 0;
}

void table_scan_from(struct table_scan *scan, const struct table_value *value,
                     struct text id)
{
    scan->first = (struct table_bound){true, *value, id};
}

void table_scan_to(struct table_scan *scan, const struct table_value *value,
                   struct text id)
{
    scan->last = (struct table_bound){true, *value, id};
}

uint32_t table_scan_id_start(struct text id)
{
    return abbreviation_of_text(id);
}
