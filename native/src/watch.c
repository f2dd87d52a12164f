/* Calls JavaScript when a descriptor has something to read. */
#include "call.h"
#include "verbs.h"

#include <stdlib.h>
#include <uv.h>

struct watch {
  uv_poll_t poll;
  napi_env env;
  napi_ref callback;
  napi_async_cleanup_hook_handle cleanup;
  bool ended;
};

static void on_readable(uv_poll_t *handle, int status, int events) {
  (void)status;
  (void)events;
  struct watch *watch = handle->data;
  napi_handle_scope scope;
  napi_value callback, global;
  napi_open_handle_scope(watch->env, &scope);
  napi_get_reference_value(watch->env, watch->callback, &callback);
  napi_get_global(watch->env, &global);
  if (napi_make_callback(watch->env, NULL, global, callback, 0, NULL, NULL) == napi_pending_exception) {
    napi_value error;
    napi_get_and_clear_last_exception(watch->env, &error);
    napi_fatal_exception(watch->env, error);
  }
  napi_close_handle_scope(watch->env, scope);
}

static void on_closed(uv_handle_t *handle) {
  struct watch *watch = handle->data;
  napi_async_cleanup_hook_handle cleanup = watch->cleanup;
  free(watch);
  napi_remove_async_cleanup_hook(cleanup);
}

static void end_watch(struct watch *watch) {
  if (watch->ended) return;
  watch->ended = true;
  napi_delete_reference(watch->env, watch->callback);
  uv_poll_stop(&watch->poll);
  uv_close((uv_handle_t *)&watch->poll, on_closed);
}

static void on_teardown(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  end_watch(data);
}

/* watchFd(fd, onReadable) → a handle; it keeps the thread alive. End it before the descriptor is closed. */
napi_value watch_fd(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "watchFd");
  int fd = as_fd(&call, call.args[0]);
  napi_valuetype type = napi_undefined;
  if (!call.failed) ok(&call, napi_typeof(env, call.args[1], &type));
  if (!call.failed && type != napi_function) fail_type(&call, "onReadable", "must be a function");
  uv_loop_t *uv = NULL;
  if (!call.failed) ok(&call, napi_get_uv_event_loop(env, &uv));
  napi_value handle = make_object(&call);
  struct watch *watch = call.failed ? NULL : calloc(1, sizeof *watch);
  if (!watch) return NULL;
  watch->env = env;
  watch->poll.data = watch;
  int error = uv_poll_init(uv, &watch->poll, fd);
  if (error) {
    free(watch);
    fail_system(&call, -error, "epoll_ctl", "watch", "a descriptor");
    return NULL;
  }
  napi_create_reference(env, call.args[1], 1, &watch->callback);
  napi_add_async_cleanup_hook(env, on_teardown, watch, &watch->cleanup);
  uv_poll_start(&watch->poll, UV_READABLE, on_readable);
  ok(&call, napi_wrap(env, handle, watch, NULL, NULL, NULL));
  return handle;
}

/* unwatchFd(handle): once. */
napi_value unwatch_fd(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "unwatchFd");
  void *watch = NULL;
  if (napi_remove_wrap(env, call.args[0], &watch) != napi_ok) fail_type(&call, "handle", "must come from watchFd");
  else end_watch(watch);
  return make_undefined(&call);
}
