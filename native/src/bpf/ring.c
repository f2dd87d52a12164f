/* Ring buffers: what programs tell arrives in JavaScript when it comes, on the thread's own loop; nothing waits. */
#include "../call.h"
#include "verbs.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

/* Each record stands in the room as its length (4 bytes, the machine's order) and its bytes, of which at most RECORD_MOST. */
#define RECORD_MOST 4096
#define ROOM_LEAST (4 * (RECORD_MOST + sizeof(uint32_t)))

struct ring {
  struct ring_buffer *buffer;
  uv_poll_t poll;
  napi_env env;
  napi_ref room_owner, callback;
  napi_async_cleanup_hook_handle cleanup;
  uint8_t *room;
  size_t size, used;
};

static int on_record(void *context, void *data, size_t length) {
  struct ring *ring = context;
  uint32_t take = length < RECORD_MOST ? (uint32_t)length : RECORD_MOST;
  memcpy(ring->room + ring->used, &take, sizeof take);
  memcpy(ring->room + ring->used + sizeof take, data, take);
  ring->used += sizeof take + take;
  /* Stops while one more would still fit: libbpf drops the record at which a callback refuses. */
  return ring->size - ring->used < RECORD_MOST + sizeof(uint32_t) ? -EAGAIN : 0;
}

static void tell(struct ring *ring) {
  napi_handle_scope scope;
  napi_value callback, global, argument;
  napi_open_handle_scope(ring->env, &scope);
  napi_get_reference_value(ring->env, ring->callback, &callback);
  napi_get_global(ring->env, &global);
  napi_create_uint32(ring->env, (uint32_t)ring->used, &argument);
  if (napi_make_callback(ring->env, NULL, global, callback, 1, &argument, NULL) == napi_pending_exception) {
    napi_value error;
    napi_get_and_clear_last_exception(ring->env, &error);
    napi_fatal_exception(ring->env, error);
  }
  napi_close_handle_scope(ring->env, scope);
}

static void on_ready(uv_poll_t *handle, int status, int events) {
  (void)status;
  (void)events;
  struct ring *ring = handle->data;
  /* One room a turn: what is left keeps the descriptor readable, and others have their turn between. */
  ring->used = 0;
  ring_buffer__consume(ring->buffer);
  if (ring->used > 0) tell(ring);
}

static void on_closed(uv_handle_t *handle) {
  struct ring *ring = handle->data;
  napi_async_cleanup_hook_handle cleanup = ring->cleanup;
  ring_buffer__free(ring->buffer);
  free(ring);
  napi_remove_async_cleanup_hook(cleanup);
}

static void on_teardown(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  struct ring *ring = data;
  napi_delete_reference(ring->env, ring->room_owner);
  napi_delete_reference(ring->env, ring->callback);
  uv_poll_stop(&ring->poll);
  uv_close((uv_handle_t *)&ring->poll, on_closed);
}

/* ringOpen(fd, room, onRecords(bytes)): the ring is read until the thread ends, and does not keep it alive. */
napi_value ring_open(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "ringOpen");
  int fd = as_fd(&call, call.args[0]);
  uint8_t *room = NULL;
  size_t size = 0;
  as_bytes(&call, call.args[1], "room", &room, &size);
  if (!call.failed && size < ROOM_LEAST) fail_type(&call, "room", "must hold four records of 4096 bytes");
  napi_valuetype type = napi_undefined;
  if (!call.failed) ok(&call, napi_typeof(env, call.args[2], &type));
  if (!call.failed && type != napi_function) fail_type(&call, "onRecords", "must be a function");
  uv_loop_t *uv = NULL;
  if (!call.failed) ok(&call, napi_get_uv_event_loop(env, &uv));
  if (call.failed) return NULL;
  struct ring *ring = calloc(1, sizeof *ring);
  if (ring) ring->buffer = ring_buffer__new(fd, on_record, ring, NULL);
  if (!ring || !ring->buffer) {
    char object[32];
    snprintf(object, sizeof object, "descriptor %d", fd);
    fail_system(&call, errno, "epoll_ctl", "read the ring buffer of", object);
    free(ring);
    return NULL;
  }
  ring->env = env;
  ring->room = room;
  ring->size = size;
  napi_create_reference(env, call.args[1], 1, &ring->room_owner);
  napi_create_reference(env, call.args[2], 1, &ring->callback);
  napi_add_async_cleanup_hook(env, on_teardown, ring, &ring->cleanup);
  ring->poll.data = ring;
  uv_poll_init(uv, &ring->poll, ring_buffer__epoll_fd(ring->buffer));
  uv_poll_start(&ring->poll, UV_READABLE, on_ready);
  uv_unref((uv_handle_t *)&ring->poll);
  return make_undefined(&call);
}
