/* The JavaScript side of the stream set: one uv handle for all sockets, one call into JavaScript for all that is ready. */
#include "call.h"
#include "stream.h"
#include "tls.h"
#include "verbs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

struct stream_loop {
  struct streams set;
  uv_poll_t poll;
  napi_env env;
  napi_ref owner; /* keeps arena, events, output, list and marks alive with the callback */
  napi_ref callback;
  napi_async_cleanup_hook_handle cleanup;
  uint8_t *output;
  size_t output_size;
  int32_t *list;
  size_t list_size; /* in entries */
  struct head_names *names;
};

/* The loop keeps its thread alive only while it has sockets. */
static void count_changed(struct stream_loop *loop) {
  if (loop->set.live > 0) uv_ref((uv_handle_t *)&loop->poll);
  else uv_unref((uv_handle_t *)&loop->poll);
}

static void on_ready(uv_poll_t *handle, int status, int events) {
  (void)status;
  (void)events;
  struct stream_loop *loop = handle->data;
  /* Only now: while a batch is being told, a number must not come to mean another stream. */
  streams_recycle(&loop->set);
  int32_t count = streams_poll(&loop->set);
  if (count == 0) return;
  napi_handle_scope scope;
  napi_value callback, global, argument;
  napi_open_handle_scope(loop->env, &scope);
  napi_get_reference_value(loop->env, loop->callback, &callback);
  napi_get_global(loop->env, &global);
  napi_create_int32(loop->env, count, &argument);
  count_changed(loop); /* accepted and closed ones */
  if (napi_make_callback(loop->env, NULL, global, callback, 1, &argument, NULL) == napi_pending_exception) {
    napi_value error;
    napi_get_and_clear_last_exception(loop->env, &error);
    napi_fatal_exception(loop->env, error);
  }
  napi_close_handle_scope(loop->env, scope);
}

static void on_closed(uv_handle_t *handle) {
  struct stream_loop *loop = handle->data;
  napi_async_cleanup_hook_handle cleanup = loop->cleanup;
  streams_end(&loop->set);
  head_names_free(loop->names);
  free(loop);
  napi_remove_async_cleanup_hook(cleanup);
}

static void on_teardown(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  struct stream_loop *loop = data;
  napi_delete_reference(loop->env, loop->owner);
  napi_delete_reference(loop->env, loop->callback);
  for (int32_t id = 0; id < loop->set.count; id++) streams_close(&loop->set, id, false);
  uv_poll_stop(&loop->poll);
  close(loop->set.epoll);
  uv_close((uv_handle_t *)&loop->poll, on_closed);
}

static void *words(struct call *call, napi_value value, const char *name, size_t *count) {
  napi_typedarray_type type;
  void *data = NULL;
  bool is = false;
  *count = 0;
  if (call->failed) return NULL;
  napi_is_typedarray(call->env, value, &is);
  if (is) napi_get_typedarray_info(call->env, value, &type, count, &data, NULL, NULL);
  if (!is || type != napi_int32_array) fail_type(call, name, "must be an Int32Array");
  return data;
}

/* streamOpen({arena, events, output, list, marks, names, onReady}); names: as head_names_make() takes them */
napi_value stream_open(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "streamOpen");
  napi_value options = call.args[0];
  struct stream_loop *loop = calloc(1, sizeof *loop);
  size_t events = 0, list = 0, names_length = 0;
  uint8_t *names = NULL;
  as_bytes(&call, field(&call, options, "arena"), "arena", &loop->set.arena, &loop->set.arena_size);
  loop->set.events = words(&call, field(&call, options, "events"), "events", &events);
  as_bytes(&call, field(&call, options, "output"), "output", &loop->output, &loop->output_size);
  loop->list = words(&call, field(&call, options, "list"), "list", &list);
  loop->set.marks = words(&call, field(&call, options, "marks"), "marks", &loop->set.marks_size);
  as_bytes(&call, field(&call, options, "names"), "names", &names, &names_length);
  napi_value callback = field(&call, options, "onReady");
  uv_loop_t *uv = NULL;
  if (!call.failed) ok(&call, napi_get_uv_event_loop(env, &uv));
  if (!call.failed && (loop->set.epoll = epoll_create1(EPOLL_CLOEXEC)) < 0) {
    fail_system(&call, errno, "epoll_create1", "open", "a stream loop");
  }
  if (call.failed) {
    free(loop);
    return NULL;
  }
  loop->env = env;
  loop->set.names = loop->names = head_names_make(names, names_length);
  loop->set.events_size = (int32_t)(events / EVENT_INTS);
  loop->list_size = list / OUT_INTS;
  loop->set.free = loop->set.freed = -1;
  napi_create_reference(env, options, 1, &loop->owner);
  napi_create_reference(env, callback, 1, &loop->callback);
  napi_add_async_cleanup_hook(env, on_teardown, loop, &loop->cleanup);
  loop->poll.data = loop;
  uv_poll_init(uv, &loop->poll, loop->set.epoll);
  uv_poll_start(&loop->poll, UV_READABLE, on_ready);
  uv_unref((uv_handle_t *)&loop->poll);
  /* The options are the handle: Node frees what napi_wrap takes when the thread ends, not what an external does. */
  ok(&call, napi_wrap(env, options, loop, NULL, NULL, NULL));
  return options;
}

static struct stream_loop *as_loop(struct call *call) {
  void *loop = NULL;
  if (napi_unwrap(call->env, call->args[0], &loop) != napi_ok) loop = NULL;
  if (!loop) fail_type(call, "loop", "must come from streamOpen");
  return loop;
}

static int32_t as_id(struct call *call) {
  return (int32_t)as_int(call, call->args[1], "stream", 0, INT32_MAX);
}

static napi_value added(struct call *call, struct stream_loop *loop, int32_t id) {
  if (id < 0) fail_system(call, -id, "epoll_ctl", "watch", "a descriptor");
  count_changed(loop);
  return make_number(call, id);
}

/* streamListen(loop, fd) → stream. Connections inherit TCP_NODELAY from the listening socket. */
napi_value stream_listen(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "streamListen");
  struct stream_loop *loop = as_loop(&call);
  int fd = as_fd(&call, call.args[1]);
  if (call.failed) return NULL;
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return added(&call, loop, streams_add(&loop->set, fd, STREAM_LISTENING));
}

/* A socket address out of an IP address and a port, or of a path (port 0). Returns its size, or 0. */
static socklen_t address_of(const char *host, int port, struct sockaddr_storage *out) {
  memset(out, 0, sizeof *out);
  struct sockaddr_in *in = (struct sockaddr_in *)out;
  struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
  if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
    in->sin_family = AF_INET;
    in->sin_port = htons((uint16_t)port);
    return sizeof *in;
  }
  if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons((uint16_t)port);
    return sizeof *in6;
  }
  struct sockaddr_un *un = (struct sockaddr_un *)out;
  size_t length = strlen(host);
  if (host[0] != '/' || length >= sizeof un->sun_path) return 0;
  un->sun_family = AF_UNIX;
  memcpy(un->sun_path, host, length + 1);
  return sizeof *un;
}

/* streamConnect(loop, host, port, boundFd?) → stream, or -errno when the kernel refuses at once.
 * host: an IP address or an absolute path; boundFd: a socket from outgoingSocket() to connect. */
napi_value stream_connect(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "streamConnect");
  struct stream_loop *loop = as_loop(&call);
  char host[128];
  struct sockaddr_storage address;
  as_text(&call, call.args[1], "host", host, sizeof host);
  int port = (int)as_int(&call, call.args[2], "port", 0, 65535);
  int fd = given(&call, call.args[3]) ? as_fd(&call, call.args[3]) : -1;
  if (call.failed) return NULL;
  socklen_t size = address_of(host, port, &address);
  if (size == 0) fail_type(&call, "host", "must be an IP address or an absolute path");
  if (call.failed) return NULL;
  if (fd < 0) fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return make_number(&call, -errno);
  int on = 1;
  if (address.ss_family != AF_UNIX) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, (struct sockaddr *)&address, size) < 0 && errno != EINPROGRESS) {
    int error = errno;
    close(fd);
    return make_number(&call, -error);
  }
  return added(&call, loop, streams_add(&loop->set, fd, STREAM_CONNECTING));
}

/* streamFlush(loop, entries): does what the list says; each entry's third number becomes what waits, -errno, or 1 for "closed". */
napi_value stream_flush(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "streamFlush");
  struct stream_loop *loop = as_loop(&call);
  int64_t entries = as_int(&call, call.args[1], "entries", 0, INT32_MAX);
  if (call.failed) return NULL;
  if ((size_t)entries > loop->list_size) entries = (int64_t)loop->list_size;
  for (int64_t i = 0; i < entries; i++) {
    int32_t *entry = loop->list + i * OUT_INTS;
    int32_t id = entry[0], at = entry[1], length = entry[2];
    if (length == OUT_END || length == OUT_CLOSE) entry[2] = streams_finish(&loop->set, id, length == OUT_CLOSE);
    else if (at < 0 || length < 0 || (size_t)at + (size_t)length > loop->output_size) entry[2] = -EINVAL;
    else {
      int64_t waiting = streams_send(&loop->set, id, loop->output + at, (size_t)length);
      entry[2] = waiting > INT32_MAX ? INT32_MAX : (int32_t)waiting;
    }
  }
  count_changed(loop);
  return make_undefined(&call);
}

/* streamSend(loop, stream, bytes) → bytes that wait, or -errno. */
napi_value stream_send(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "streamSend");
  struct stream_loop *loop = as_loop(&call);
  int32_t id = as_id(&call);
  uint8_t *bytes = NULL;
  size_t length = 0;
  as_bytes(&call, call.args[2], "bytes", &bytes, &length);
  if (call.failed) return NULL;
  return make_number(&call, (double)streams_send(&loop->set, id, bytes, length));
}

/* streamClose(loop, stream, reset) */
napi_value stream_close(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "streamClose");
  struct stream_loop *loop = as_loop(&call);
  int32_t id = as_id(&call);
  bool reset = as_bool_or(&call, call.args[2], "reset", false);
  if (call.failed) return NULL;
  streams_close(&loop->set, id, reset);
  count_changed(loop);
  return make_undefined(&call);
}

/* streamRead(loop, stream, on) */
napi_value stream_read(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "streamRead");
  struct stream_loop *loop = as_loop(&call);
  int32_t id = as_id(&call);
  bool on = as_bool_or(&call, call.args[2], "on", true);
  if (call.failed) return NULL;
  streams_read(&loop->set, id, on);
  return make_undefined(&call);
}

/* streamFd(loop, stream) → its descriptor, for localAddress() and tcpInfo(); -1 when it is gone. */
napi_value stream_fd(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "streamFd");
  struct stream_loop *loop = as_loop(&call);
  int32_t id = as_id(&call);
  if (call.failed) return NULL;
  struct stream *stream = streams_get(&loop->set, id);
  return make_number(&call, stream ? stream->fd : -1);
}

/* streamCount(loop) → how many are open, listeners included. */
napi_value stream_count(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "streamCount");
  struct stream_loop *loop = as_loop(&call);
  if (call.failed) return NULL;
  return make_number(&call, loop->set.live);
}

/* As client: {name, tell, slot, fresh}; see tls_expect(). */
static bool expect(struct call *call, struct tls *tls, napi_value options) {
  char name[256];
  as_text(call, field(call, options, "name"), "name", name, sizeof name);
  bool tell = as_bool_or(call, field(call, options, "tell"), "tell", false);
  int32_t slot = (int32_t)as_int_or(call, field(call, options, "slot"), "slot", -1, INT32_MAX, -1);
  bool fresh = as_bool_or(call, field(call, options, "fresh"), "fresh", false);
  return !call->failed && tls_expect(tls, name, tell, slot, fresh);
}

/* streamTls(loop, stream, context, first, client?) → 0 or -errno. first: bytes that came before; client: options of expect().
 * EVENT_SECURE follows, or EVENT_CLOSED. */
napi_value stream_tls(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "streamTls");
  struct stream_loop *loop = as_loop(&call);
  int32_t id = as_id(&call);
  struct tls_context *context = as_tls_context(&call, call.args[2]);
  uint8_t *first;
  size_t bytes;
  as_bytes(&call, call.args[3], "first", &first, &bytes);
  if (call.failed) return NULL;
  int begun = tls_begin(&loop->set, id, context, first, bytes);
  if (begun == 0 && given(&call, call.args[4]) && !expect(&call, tls_of(&loop->set, id), call.args[4])) begun = -ENOMEM;
  return make_number(&call, begun);
}

/* streamTlsFact(loop, stream, fact) → text or undefined; also within the turn in which a stream was closed. */
napi_value stream_tls_fact(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "streamTlsFact");
  struct stream_loop *loop = as_loop(&call);
  int32_t id = as_id(&call);
  int fact = (int)as_int(&call, call.args[2], "fact", 0, 100);
  if (call.failed) return NULL;
  struct tls *tls = tls_of(&loop->set, id);
  return tls ? tls_fact(&call, tls, fact) : make_undefined(&call);
}

/* streamTlsChain(loop, stream) → DER of the peer's certificates, its own first */
napi_value stream_tls_chain(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "streamTlsChain");
  struct stream_loop *loop = as_loop(&call);
  int32_t id = as_id(&call);
  if (call.failed) return NULL;
  struct tls *tls = tls_of(&loop->set, id);
  return tls ? tls_chain(&call, tls) : make_undefined(&call);
}
