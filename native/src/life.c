/* The life of a process, as a robust mutex that it holds in memory which it shares with the one that watches. The kernel lets go
 * of it when the thread that holds it dies, before it takes down the memory of the process, which takes many ms and is what
 * SIGCHLD, a pidfd and the end of a socket wait for. Who watches is a thread of its own, without JavaScript, and does then what it
 * was told to do: steps of rtnetlink and messages of raw protocols, made beforehand. */
#include "call.h"
#include "kernel.h"
#include "verbs.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST_STEPS 65536
#define NOT_DONE 1 /* of a step; else 0 or -errno */

struct life {
  pthread_mutex_t held;
};

struct step {
  bool is_route; /* else a letter */
  struct letter letter; /* its bytes belong to the step */
  int result;
};

struct will {
  struct step *steps;
  size_t count;
};

struct watch {
  struct life *life;
  pthread_t thread;
  pthread_mutex_t guard; /* of what follows */
  struct will will;
  int priority;
  bool died;
};

/* What this process holds; one a process. */
static struct life *own;

static struct life *map_life(int fd) {
  struct life *life = mmap(NULL, sizeof *life, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return life == MAP_FAILED ? NULL : life;
}

static int make_lock(pthread_mutex_t *lock) {
  pthread_mutexattr_t how;
  int error = pthread_mutexattr_init(&how);
  if (error) return error;
  pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
  error = pthread_mutex_init(lock, &how);
  pthread_mutexattr_destroy(&how);
  return error;
}

/* lifeMake() → a descriptor of a life that nobody holds */
napi_value life_make(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "lifeMake");
  int fd = memfd_create("moat-life", MFD_CLOEXEC);
  struct life *life = fd >= 0 && ftruncate(fd, sizeof *life) == 0 ? map_life(fd) : NULL;
  int error = life ? make_lock(&life->held) : errno;
  if (life) munmap(life, sizeof *life);
  if (error) fail_system(&call, error, "memfd_create", "make", "a life");
  napi_value made = make_number(&call, fd);
  if (call.failed && fd >= 0) close(fd);
  return call.failed ? NULL : made;
}

/* lifeHold(fd): the calling thread has it until it dies or leaves */
napi_value life_hold(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "lifeHold");
  int fd = as_fd(&call, call.args[0]);
  if (call.failed) return NULL;
  struct life *life = own ? NULL : map_life(fd);
  int error = own ? EBUSY : life ? pthread_mutex_trylock(&life->held) : errno;
  if (error) fail_system(&call, error, "mmap", "hold", "a life");
  else own = life;
  if (error && life) munmap(life, sizeof *life);
  return make_undefined(&call);
}

/* lifeLeave(): who watches is not to do anything; by the thread that holds it */
napi_value life_leave(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "lifeLeave");
  if (own) pthread_mutex_unlock(&own->held);
  own = NULL; /* the mapping stays: the process is about to end */
  return make_undefined(&call);
}

static void forget(struct will *will) {
  for (size_t at = 0; at < will->count; at++) free((void *)will->steps[at].letter.bytes);
  free(will->steps);
  *will = (struct will){0};
}

static void fulfil(struct will *will) {
  for (size_t at = 0; at < will->count; at++) {
    struct step *step = &will->steps[at];
    const struct letter *letter = &step->letter;
    step->result = step->is_route ? route_order(letter->bytes, letter->length) : post_letter(letter);
  }
}

static void *attend(void *argument) {
  struct watch *watch = argument;
  struct sched_param param = {.sched_priority = watch->priority};
  if (watch->priority) pthread_setschedparam(pthread_self(), SCHED_RR, &param); /* where it may */
  int how = pthread_mutex_lock(&watch->life->held);
  if (how == EOWNERDEAD) {
    pthread_mutex_consistent(&watch->life->held);
    pthread_mutex_lock(&watch->guard);
    watch->died = true;
    fulfil(&watch->will);
    pthread_mutex_unlock(&watch->guard);
  }
  if (how == 0 || how == EOWNERDEAD) pthread_mutex_unlock(&watch->life->held);
  return NULL;
}

/* Signals are for the threads of JavaScript. */
static int begin(struct watch *watch) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&watch->thread, NULL, attend, watch);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}

/* lifeWatch(fd, priority) → a handle; somebody holds it already. The priority is one of SCHED_RR, or 0. End it once. */
napi_value life_watch(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "lifeWatch");
  int fd = as_fd(&call, call.args[0]);
  int priority = (int)as_int(&call, call.args[1], "priority", 0, 99);
  napi_value handle = make_object(&call);
  struct watch *watch = call.failed ? NULL : calloc(1, sizeof *watch);
  if (!watch) return NULL;
  watch->priority = priority;
  pthread_mutex_init(&watch->guard, NULL);
  watch->life = map_life(fd);
  int error = watch->life ? begin(watch) : errno;
  if (!error) {
    ok(&call, napi_wrap(env, handle, watch, NULL, NULL, NULL));
    return handle;
  }
  if (watch->life) munmap(watch->life, sizeof *watch->life);
  free(watch);
  fail_system(&call, error, "pthread_create", "watch", "a life");
  return NULL;
}

static void read_letter(struct call *call, napi_value value, struct letter *letter) {
  uint8_t *destination = NULL, *source = NULL;
  size_t from = 0;
  letter->protocol = (int)as_int(call, field(call, value, "protocol"), "protocol", 1, 255);
  letter->index = (int)as_int(call, field(call, value, "index"), "index", 1, INT32_MAX);
  as_bytes(call, field(call, value, "destination"), "destination", &destination, &letter->width);
  as_bytes(call, field(call, value, "source"), "source", &source, &from);
  if (call->failed) return;
  if (from != letter->width || (from != 4 && from != 16)) return fail_type(call, "source", "must have 4 or 16 bytes");
  memcpy(letter->destination, destination, from);
  memcpy(letter->source, source, from);
}

static void read_step(struct call *call, napi_value value, struct step *step) {
  uint8_t *bytes = NULL;
  size_t length = 0;
  step->result = NOT_DONE;
  step->is_route = !given(call, field(call, value, "destination"));
  as_bytes(call, field(call, value, "message"), "message", &bytes, &length);
  if (!step->is_route) read_letter(call, value, &step->letter);
  if (!call->failed && length == 0) fail_type(call, "message", "must not be empty");
  uint8_t *copy = call->failed ? NULL : malloc(length);
  if (copy) memcpy(copy, bytes, length);
  step->letter.bytes = copy;
  step->letter.length = copy ? length : 0;
}

/* lifeWill(handle, steps): what is to be done when it dies: `{message}` of rtnetlink, or
 * `{message, protocol, destination, source, index}`. What was to be done before is not. */
napi_value life_will(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "lifeWill");
  void *unwrapped = NULL;
  uint32_t count = 0;
  if (napi_unwrap(env, call.args[0], &unwrapped) != napi_ok) fail_type(&call, "handle", "must come from lifeWatch");
  if (!call.failed) ok(&call, napi_get_array_length(env, call.args[1], &count));
  if (!call.failed && count > MOST_STEPS) fail_type(&call, "steps", "must be 65536 at most");
  if (call.failed) return NULL;
  struct will will = {calloc(count ? count : 1, sizeof *will.steps), count};
  if (!will.steps) return NULL;
  for (uint32_t at = 0; at < count && !call.failed; at++) {
    napi_value value = NULL;
    ok(&call, napi_get_element(env, call.args[1], at, &value));
    read_step(&call, value, &will.steps[at]);
  }
  struct watch *watch = unwrapped;
  if (!call.failed) {
    pthread_mutex_lock(&watch->guard);
    struct will before = watch->will;
    if (!watch->died) {
      watch->will = will;
      will = before;
    }
    pthread_mutex_unlock(&watch->guard);
  }
  forget(&will);
  return make_undefined(&call);
}

/* lifeEnd(handle) → what came of each step, 0 or -errno; undefined when it was left. Waits until nobody holds it. */
napi_value life_end(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "lifeEnd");
  void *unwrapped = NULL;
  if (napi_remove_wrap(env, call.args[0], &unwrapped) != napi_ok) fail_type(&call, "handle", "must come from lifeWatch");
  if (call.failed) return NULL;
  struct watch *watch = unwrapped;
  pthread_join(watch->thread, NULL);
  napi_value made = NULL;
  if (watch->died) ok(&call, napi_create_array_with_length(env, watch->will.count, &made));
  for (uint32_t at = 0; watch->died && at < watch->will.count; at++)
    ok(&call, napi_set_element(env, made, at, make_number(&call, watch->will.steps[at].result)));
  forget(&watch->will);
  munmap(watch->life, sizeof *watch->life);
  pthread_mutex_destroy(&watch->guard);
  bool died = watch->died;
  free(watch);
  return died ? made : make_undefined(&call);
}
