/* Loaded before snac: its idle threads look for work every 10 ms instead of every 3 s.
 *
 * snac hands a mention from one queue to the next and sleeps in between, so that each takes 5 to 9 s to arrive. Nothing
 * else of the server is changed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <time.h>

#define LONGEST_NAP_NS (10L * 1000 * 1000)

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until)
{
    static int (*wait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    struct timespec soon;

    if (!wait)
        wait = (int (*)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *))dlsym(RTLD_NEXT,
                                                                                           "pthread_cond_timedwait");
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += LONGEST_NAP_NS;
    if (soon.tv_nsec >= 1000000000L) {
        soon.tv_sec++;
        soon.tv_nsec -= 1000000000L;
    }
    if (soon.tv_sec > until->tv_sec || (soon.tv_sec == until->tv_sec && soon.tv_nsec > until->tv_nsec))
        soon = *until;
    return wait(cond, mutex, &soon);
}
