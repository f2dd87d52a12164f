/* What this process may do: how many files it opens, as whom it runs, which capabilities it keeps. */
#include "call.h"
#include "verbs.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAME_BYTES 256
#define FIRST_LOOKUP_BYTES 1024
#define MAX_LOOKUP_BYTES (1 << 20) /* a group of many members is long: this holds some 30 000 names */
#define MAX_ID 4294967294 /* one more is (uid_t)-1, "leave it as it is" */
#define MAX_CAPABILITIES 0xffffffff /* the first 32 of them: all that a proxy may want */

napi_value fd_limit(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "fdLimit");
  struct rlimit limit = {0, 0};
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) fail_system(&call, errno, "getrlimit", "read", "RLIMIT_NOFILE");
  napi_value made = make_object(&call);
  put_number(&call, made, "soft", (double)limit.rlim_cur);
  put_number(&call, made, "hard", (double)limit.rlim_max);
  return made;
}

napi_value set_fd_limit(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "setFdLimit");
  rlim_t soft = (rlim_t)as_int(&call, call.args[0], "the limit", 1, INT32_MAX);
  if (call.failed) return NULL;
  struct rlimit limit = {0, 0};
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) fail_system(&call, errno, "getrlimit", "read", "RLIMIT_NOFILE");
  limit.rlim_cur = soft;
  if (soft > limit.rlim_max) limit.rlim_max = soft; /* needs CAP_SYS_RESOURCE: the kernel answers */
  if (!call.failed && setrlimit(RLIMIT_NOFILE, &limit) < 0) {
    fail_system(&call, errno, "setrlimit", "raise", "RLIMIT_NOFILE");
  }
  return make_undefined(&call);
}

struct account {
  bool found;
  uid_t uid;
  gid_t gid;
};

/* One round of a lookup with `size` bytes of room. Returns 0, ERANGE for more room, or an errno. */
typedef int lookup(const char *name, char *room, size_t size, struct account *found);

static int look_up_user(const char *name, char *room, size_t size, struct account *found) {
  struct passwd entry, *result = NULL;
  int error = getpwnam_r(name, &entry, room, size, &result);
  if (result) *found = (struct account){true, entry.pw_uid, entry.pw_gid};
  return error;
}

static int look_up_group(const char *name, char *room, size_t size, struct account *found) {
  struct group entry, *result = NULL;
  int error = getgrnam_r(name, &entry, room, size, &result);
  if (result) *found = (struct account){true, 0, entry.gr_gid};
  return error;
}

/* Name services that are absent say so with these; POSIX leaves it open, and for the caller it is "no such name". */
static bool means_absent(int error) {
  return error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
}

static struct account look_up(struct call *call, lookup *round, const char *action) {
  struct account found = {false, 0, 0};
  char name[NAME_BYTES];
  as_text(call, call->args[0], "the name", name, sizeof name);
  int error = ERANGE;
  for (size_t size = FIRST_LOOKUP_BYTES; error == ERANGE && size <= MAX_LOOKUP_BYTES && !call->failed; size *= 4) {
    char *room = malloc(size);
    error = room ? round(name, room, size, &found) : ENOMEM;
    free(room);
  }
  if (error && !means_absent(error)) fail_system(call, error, "getnam", action, name);
  return found;
}

napi_value user_ids(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "userIds");
  struct account user = look_up(&call, look_up_user, "look up user");
  if (!user.found) return make_undefined(&call);
  napi_value made = make_object(&call);
  put_number(&call, made, "uid", user.uid);
  put_number(&call, made, "gid", user.gid);
  return made;
}

napi_value group_id(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "groupId");
  struct account group = look_up(&call, look_up_group, "look up group");
  return group.found ? make_number(&call, group.gid) : make_undefined(&call);
}

/* setuid() drops all capabilities; these come back from the permitted set that PR_SET_KEEPCAPS saved.
 * Unlike setuid(), which glibc repeats in every thread, this holds for the calling thread and for those it starts. */
static void keep_capabilities(struct call *call, uint32_t mask) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
  memset(sets, 0, sizeof sets);
  sets[0].effective = sets[0].permitted = mask;
  if (syscall(SYS_capset, &header, sets) < 0) fail_system(call, errno, "capset", "keep", "capabilities");
  if (!call->failed && prctl(PR_SET_KEEPCAPS, 0) < 0) fail_system(call, errno, "prctl", "clear", "PR_SET_KEEPCAPS");
}

/* holdCapabilities(): a setIdentity() in another thread leaves this one's permitted set for takeCapabilities(). */
napi_value hold_capabilities(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "holdCapabilities");
  if (prctl(PR_SET_KEEPCAPS, 1) < 0) fail_system(&call, errno, "prctl", "set", "PR_SET_KEEPCAPS");
  return make_undefined(&call);
}

/* takeCapabilities(mask): this thread has these from now on, and no others. */
napi_value take_capabilities(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "takeCapabilities");
  uint32_t mask = (uint32_t)as_int(&call, call.args[0], "capabilities", 0, MAX_CAPABILITIES);
  if (!call.failed) keep_capabilities(&call, mask);
  return make_undefined(&call);
}

/* setIdentity(user, uid, gid, capabilities to keep as a mask, dumpable) */
napi_value set_identity(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "setUser");
  char name[NAME_BYTES];
  as_text(&call, call.args[0], "the user", name, sizeof name);
  uid_t uid = (uid_t)as_int(&call, call.args[1], "uid", 0, MAX_ID);
  gid_t gid = (gid_t)as_int(&call, call.args[2], "gid", 0, MAX_ID);
  uint32_t keep = (uint32_t)as_int(&call, call.args[3], "capabilities", 0, MAX_CAPABILITIES);
  bool dumpable = as_bool_or(&call, call.args[4], "dumpable", false);
  if (call.failed) return NULL;

  if (keep && prctl(PR_SET_KEEPCAPS, 1) < 0) fail_system(&call, errno, "prctl", "set", "PR_SET_KEEPCAPS");
  if (!call.failed && initgroups(name, gid) < 0) fail_system(&call, errno, "initgroups", "take the groups of user", name);
  if (!call.failed && setgid(gid) < 0) fail_system(&call, errno, "setgid", "take the group of user", name);
  if (!call.failed && setuid(uid) < 0) fail_system(&call, errno, "setuid", "become user", name);
  if (!call.failed && keep) keep_capabilities(&call, keep);
  if (!call.failed && dumpable && prctl(PR_SET_DUMPABLE, 1) < 0) {
    fail_system(&call, errno, "prctl", "allow core dumps of user", name);
  }
  return make_undefined(&call);
}
