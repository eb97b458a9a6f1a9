/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool of threads that wait for work, so that measurements with several
 * workers do not include starting threads.
 */
#ifndef LUNAR_BENCH_PARTS_POOL_H
#define LUNAR_BENCH_PARTS_POOL_H

struct parts_pool;

/*
 * Start a pool of `threads` threads. Dies if a thread can't be started.
 * Ownership: the caller frees it with parts_pool_free(), which waits for the
 * threads.
 */
struct parts_pool *parts_pool_new(unsigned threads);
void parts_pool_free(struct parts_pool *pool);

/*
 * Call `work` on the calling thread and on `workers` - 1 threads of the pool
 * at the same time. A thread that has not woken up when the caller's `work`
 * returns does not take part. Returns when all calls have returned.
 */
void parts_pool_run(struct parts_pool *pool, unsigned workers,
                    void (*work)(void *context), void *context);

#endif
