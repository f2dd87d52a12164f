/* Being on time: real-time priority for the calling thread, and memory that is never paged out. */
#include "call.h"
#include "verbs.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* setRealtime(priority, limitUs): SCHED_RR, not inherited by programs that are started. A thread that runs for longer
 * than the limit without a wait ends the process (SIGXCPU), so that an endless loop cannot take the machine. */
napi_value set_realtime(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "setRealtime");
  int priority = (int)as_int(&call, call.args[0], "priority", 1, 99);
  rlim_t limit = (rlim_t)as_int(&call, call.args[1], "limitUs", 1000, INT32_MAX);
  if (call.failed) return NULL;
  struct sched_param param = {.sched_priority = priority};
  struct rlimit runtime = {limit, limit};
  char object[32];
  snprintf(object, sizeof object, "priority %d", priority);
  if (setrlimit(RLIMIT_RTTIME, &runtime) < 0) fail_system(&call, errno, "setrlimit", "bound real-time", object);
  else if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &param) < 0)
    fail_system(&call, errno, "sched_setscheduler", "take real-time", object);
  return make_undefined(&call);
}

/* lockMemory(): what is in memory stays there, and so does what is touched later (untouched reservations are not filled). */
napi_value lock_memory(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "lockMemory");
  if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0) fail_system(&call, errno, "mlockall", "lock", "memory");
  return make_undefined(&call);
}
