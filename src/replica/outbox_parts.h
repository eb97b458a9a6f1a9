/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What outbox.c and outbox_report.c share. Locking: the journal's thread.
 */
#ifndef LUNAR_REPLICA_OUTBOX_PARTS_H
#define LUNAR_REPLICA_OUTBOX_PARTS_H

struct outbox;
struct parcel;

enum { OUTBOX_MILLISECOND = 1000 /* in microseconds */ };

/* If all is known of the parcel, it is ready once it was handed over. */
void outbox_check_parcel(struct outbox *outbox, struct parcel *parcel);

/* No report comes for the parcel any more: make room for others. */
void outbox_forget_parcel(struct outbox *outbox, const struct parcel *parcel);

/*
 * A message was refused, and any other one of ours would be: nothing is written
 * until something changes. Such an answer comes at once, so that nothing would
 * ever wait for too long.
 */
void outbox_note_refusal(struct outbox *outbox);

#endif
