/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that wait for work, so that what is measured with several workers
 * does not have the making of threads in it.
 */
#ifndef LUNAR_BENCH_PARTS_POOL_H
#define LUNAR_BENCH_PARTS_POOL_H

struct parts_pool;

/* Dies if the threads can't be made. */
struct parts_pool *parts_pool_new(unsigned threads);
void parts_pool_free(struct parts_pool *pool);

/*
 * Have `work` done by `workers` at the same time: the calling thread, and as
 * many more of the pool as that takes. Work that is over before a thread
 * has woken up is done without it. Returns when all are through.
 */
void parts_pool_run(struct parts_pool *pool, unsigned workers,
                    void (*work)(void *context), void *context);

#endif
