/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of the outbox that calls the producer.
 */
#ifndef LUNAR_REPLICA_OUTBOX_PRODUCE_H
#define LUNAR_REPLICA_OUTBOX_PRODUCE_H

#include <stdbool.h>

struct outbox;
struct parcel;

/*
 * Produce the messages of a parcel that waits for that. Locking: whoever has
 * it: the thread that appends, or the journal's.
 */
void outbox_produce(struct outbox *outbox, struct parcel *parcel);

/* End the wait of the journal's thread, or its next one. */
void outbox_wake(const struct outbox *outbox);

/*
 * Produce a record that changes nothing; its report has `probe` of the outbox
 * as opaque. False if it cannot be. Locking: the journal's thread.
 */
bool outbox_produce_probe(struct outbox *outbox);

#endif
