/* Sockets that wait for clients, and sockets bound for the way out: made non-blocking and close-on-exec
 * in one step, so that no fork between two calls can leak one. */
#include "endpoint.h"
#include "verbs.h"

#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262 /* Linux 5.6; absent from older libc headers */
#endif

#define UNSET (-1)
#define DEFER_ACCEPT_S 1 /* the shortest; the kernel rounds it to one SYN-ACK retransmission */

struct tcp_options {
  bool reuse_port, ipv6_only, multipath, free_bind, is_udp;
  int keep_alive, idle_s, interval_s, count; /* keep_alive: UNSET leaves the kernel's default */
  int fast_open, defer_accept, receive_bytes, send_bytes;
  char device[IF_NAMESIZE];
};

static int int_or_unset(struct call *call, napi_value object, const char *name, int min) {
  return (int)as_int_or(call, field(call, object, name), name, min, INT_MAX, UNSET);
}

static void read_keep_alive(struct call *call, napi_value value, struct tcp_options *to) {
  to->keep_alive = to->idle_s = to->interval_s = to->count = UNSET;
  if (call->failed || !given(call, value)) return;
  to->keep_alive = as_bool_or(call, field(call, value, "on"), "keepAlive.on", true);
  to->idle_s = int_or_unset(call, value, "idleS", 1);
  to->interval_s = int_or_unset(call, value, "intervalS", 1);
  to->count = int_or_unset(call, value, "count", 1);
}

static struct tcp_options read_tcp_options(struct call *call, napi_value from) {
  struct tcp_options to = {.device = ""};
  to.reuse_port = as_bool_or(call, field(call, from, "reusePort"), "reusePort", false);
  to.ipv6_only = as_bool_or(call, field(call, from, "ipv6Only"), "ipv6Only", true);
  to.multipath = as_bool_or(call, field(call, from, "multipath"), "multipath", false);
  to.free_bind = as_bool_or(call, field(call, from, "freeBind"), "freeBind", false);
  read_keep_alive(call, field(call, from, "keepAlive"), &to);
  to.fast_open = int_or_unset(call, from, "fastOpen", 0);
  napi_value defer = field(call, from, "deferAccept");
  to.defer_accept = !given(call, defer) ? UNSET : as_bool_or(call, defer, "deferAccept", false) ? DEFER_ACCEPT_S : 0;
  to.receive_bytes = int_or_unset(call, from, "receiveBufferBytes", 1);
  to.send_bytes = int_or_unset(call, from, "sendBufferBytes", 1);
  napi_value device = field(call, from, "bindDevice");
  if (given(call, device)) as_text(call, device, "bindDevice", to.device, sizeof to.device);
  return to;
}

struct option {
  const char *action; /* as the message says it: "Cannot <action> <object>" */
  int level, name, value;
};

static void set_options(struct call *call, int fd, const char *object, const struct option *rows, size_t count) {
  for (const struct option *row = rows; row < rows + count; row++) {
    if (call->failed || row->value == UNSET) continue;
    if (setsockopt(fd, row->level, row->name, &row->value, sizeof row->value) == 0) continue;
    fail_system(call, errno, "setsockopt", row->action, object);
  }
}

/* The options that may change while the socket listens; accepted sockets inherit the first six. */
static void tune(struct call *call, int fd, const char *object, const struct tcp_options *options) {
  const struct option rows[] = {
      {"set SO_RCVBUF on", SOL_SOCKET, SO_RCVBUF, options->receive_bytes},
      {"set SO_SNDBUF on", SOL_SOCKET, SO_SNDBUF, options->send_bytes},
      {"set SO_KEEPALIVE on", SOL_SOCKET, SO_KEEPALIVE, options->keep_alive},
      {"set TCP_KEEPIDLE on", IPPROTO_TCP, TCP_KEEPIDLE, options->idle_s},
      {"set TCP_KEEPINTVL on", IPPROTO_TCP, TCP_KEEPINTVL, options->interval_s},
      {"set TCP_KEEPCNT on", IPPROTO_TCP, TCP_KEEPCNT, options->count},
      {"set TCP_FASTOPEN on", IPPROTO_TCP, TCP_FASTOPEN, options->fast_open},
      {"set TCP_DEFER_ACCEPT on", IPPROTO_TCP, TCP_DEFER_ACCEPT, options->defer_accept},
  };
  set_options(call, fd, object, rows, sizeof rows / sizeof rows[0]);
}

/* The options that must stand before bind(). */
static void prepare(struct call *call, int fd, const struct endpoint *at, const struct tcp_options *options) {
  bool v6 = at->address.any.sa_family == AF_INET6;
  const struct option rows[] = {
      {"set SO_REUSEADDR on", SOL_SOCKET, SO_REUSEADDR, options->is_udp ? UNSET : 1}, /* of UDP it would share the port */
      {"set SO_REUSEPORT on", SOL_SOCKET, SO_REUSEPORT, options->reuse_port ? 1 : UNSET},
      {"set IPV6_V6ONLY on", IPPROTO_IPV6, IPV6_V6ONLY, v6 ? options->ipv6_only : UNSET},
      {"set IP_FREEBIND on", v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_FREEBIND : IP_FREEBIND,
       options->free_bind ? 1 : UNSET},
  };
  set_options(call, fd, at->text, rows, sizeof rows / sizeof rows[0]);
  if (call->failed || !options->device[0]) return;
  if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options->device, (socklen_t)strlen(options->device)) == 0) return;
  fail_system(call, errno, "setsockopt", "set SO_BINDTODEVICE on", at->text);
}

static int open_socket(struct call *call, const struct endpoint *at, int protocol) {
  if (call->failed) return -1;
  int type = protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
  int fd = socket(at->address.any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (fd < 0) fail_system(call, errno, "socket", "open a socket for", at->text);
  return fd;
}

static void bind_to(struct call *call, int fd, const struct endpoint *at) {
  if (call->failed || bind(fd, &at->address.any, at->length) == 0) return;
  fail_system(call, errno, "bind", "bind", at->text);
}

static void listen_on(struct call *call, int fd, int backlog, const char *object) {
  if (call->failed || listen(fd, backlog) == 0) return;
  fail_system(call, errno, "listen", "listen on", object);
}

/* Gives the descriptor away as a number; on failure nobody else will ever close it. */
static napi_value hand_over(struct call *call, int fd) {
  napi_value made = make_number(call, fd);
  if (call->failed && fd >= 0) close(fd);
  return call->failed ? NULL : made;
}

static int open_tcp(struct call *call, struct endpoint *at) {
  napi_value from = call->args[0];
  *at = read_ip_endpoint(call, field(call, from, "host"), field(call, from, "family"), field(call, from, "port"));
  struct tcp_options options = read_tcp_options(call, from);
  int fd = open_socket(call, at, options.multipath ? IPPROTO_MPTCP : IPPROTO_TCP);
  prepare(call, fd, at, &options);
  tune(call, fd, at->text, &options); /* before listen(): buffers decide the window scale offered in SYN-ACK */
  bind_to(call, fd, at);
  return fd;
}

napi_value bind_tcp(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "bindTcp");
  struct endpoint at;
  return hand_over(&call, open_tcp(&call, &at));
}

napi_value bind_udp(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "bindUdp");
  napi_value from = call.args[0];
  struct endpoint at =
      read_ip_endpoint(&call, field(&call, from, "host"), field(&call, from, "family"), field(&call, from, "port"));
  struct tcp_options options = read_tcp_options(&call, from);
  options.is_udp = true;
  int fd = open_socket(&call, &at, IPPROTO_UDP);
  prepare(&call, fd, &at, &options);
  bind_to(&call, fd, &at);
  return hand_over(&call, fd);
}

napi_value listen_tcp(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "listenTcp");
  int backlog = (int)as_int(&call, field(&call, call.args[0], "backlog"), "backlog", 1, INT_MAX);
  struct endpoint at;
  int fd = open_tcp(&call, &at);
  listen_on(&call, fd, backlog, at.text);
  return hand_over(&call, fd);
}

/* bind() makes the file with the socket's own mode less the umask, so the mode is set on the socket first:
 * at no time may the file be more open than asked. chmod() then undoes the umask. */
napi_value listen_unix(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "listenUnix");
  napi_value from = call.args[0];
  struct endpoint at = read_unix_endpoint(&call, field(&call, from, "path"));
  int backlog = (int)as_int(&call, field(&call, from, "backlog"), "backlog", 1, INT_MAX);
  mode_t mode = (mode_t)as_int_or(&call, field(&call, from, "mode"), "mode", 0, 0777, 0666);
  int fd = open_socket(&call, &at, 0);
  if (fd >= 0 && fchmod(fd, mode) < 0) fail_system(&call, errno, "fchmod", "set the mode of", at.text);
  bind_to(&call, fd, &at);
  if (call.failed) return hand_over(&call, fd);
  if (chmod(at.address.local.sun_path, mode) < 0) fail_system(&call, errno, "chmod", "set the mode of", at.text);
  listen_on(&call, fd, backlog, at.text);
  if (call.failed) unlink(at.address.local.sun_path); /* ours since bind() */
  return hand_over(&call, fd);
}

napi_value listen_fd(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "listenFd");
  int fd = as_fd(&call, call.args[0]);
  int backlog = (int)as_int(&call, call.args[1], "backlog", 1, INT_MAX);
  char object[32];
  snprintf(object, sizeof object, "descriptor %d", fd);
  listen_on(&call, fd, backlog, object);
  return make_undefined(&call);
}

napi_value tune_listener(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "tuneListener");
  int fd = as_fd(&call, call.args[0]);
  struct tcp_options options = read_tcp_options(&call, call.args[1]);
  char object[32];
  snprintf(object, sizeof object, "descriptor %d", fd);
  tune(&call, fd, object, &options);
  return make_undefined(&call);
}

/* Any port of any address: nothing to bind, the kernel chooses at connect(). */
static struct endpoint read_any(struct call *call, napi_value family) {
  struct endpoint to;
  memset(&to, 0, sizeof to);
  int64_t version = as_int(call, family, "family", 4, 6);
  if (version == 5) fail_type(call, "family", "must be 4 or 6");
  to.address.any.sa_family = version == 4 ? AF_INET : AF_INET6;
  snprintf(to.text, sizeof to.text, "any address");
  return to;
}

napi_value outgoing_socket(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "outgoingSocket");
  napi_value from = call.args[0];
  napi_value address = field(&call, from, "localAddress");
  napi_value family = field(&call, from, "family");
  napi_value port = field(&call, from, "localPort");
  if (!given(&call, port)) port = make_number(&call, 0);
  bool bound = given(&call, address);
  struct endpoint at = bound ? read_ip_endpoint(&call, address, family, port) : read_any(&call, family);
  struct tcp_options options = read_tcp_options(&call, from);
  bool transparent = as_bool_or(&call, field(&call, from, "transparent"), "transparent", false);
  int fd = open_socket(&call, &at, IPPROTO_TCP);
  bool v6 = at.address.any.sa_family == AF_INET6;
  const struct option rows[] = {
      /* connect() then picks the port with the peer known, so one local address serves 64k peers each. */
      {"set IP_BIND_ADDRESS_NO_PORT on", IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, at.address.v4.sin_port ? UNSET : 1},
      {"set SO_REUSEADDR on", SOL_SOCKET, SO_REUSEADDR, at.address.v4.sin_port ? 1 : UNSET},
      {"set IP_TRANSPARENT on", v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TRANSPARENT : IP_TRANSPARENT,
       transparent ? 1 : UNSET},
  };
  set_options(&call, fd, at.text, rows, sizeof rows / sizeof rows[0]);
  tune(&call, fd, at.text, &options); /* before connect(): buffers decide the window scale offered in SYN */
  if (bound) bind_to(&call, fd, &at);
  return hand_over(&call, fd);
}
