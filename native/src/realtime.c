/* Being on time: real-time priority for the calling thread, and a program that is never paged out. */
#include "call.h"
#include "verbs.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
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

/* What V8 has allocated: it gives pages back by madvise, which the kernel refuses of locked ones, and ends the process then. */
static bool is_heap(unsigned long inode, const char *name) {
  return inode == 0 && strcmp(name, "[heap]") != 0 && strcmp(name, "[stack]") != 0;
}

static int unlock_heap(void) {
  FILE *maps = fopen("/proc/self/maps", "re");
  char line[512];
  if (!maps) return -errno;
  while (fgets(line, sizeof line, maps)) {
    unsigned long from, to, inode;
    char name[256] = "";
    if (sscanf(line, "%lx-%lx %*s %*s %*s %lu %255s", &from, &to, &inode, name) >= 3 && is_heap(inode, name))
      munlock((void *)from, to - from); /* some of the kernel's own cannot be */
  }
  fclose(maps);
  return 0;
}

/* lockMemory(): the program, its libraries, its stack and what C has allocated stay in memory once they are touched. */
napi_value lock_memory(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "lockMemory");
  int error = mlockall(MCL_CURRENT | MCL_ONFAULT) < 0 ? errno : -unlock_heap();
  if (error) fail_system(&call, error, "mlockall", "lock", "memory");
  return make_undefined(&call);
}
