/* Verbs on a descriptor that already stands. */
#include "endpoint.h"
#include "verbs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FIRST_FREE_FD 3 /* a copy must never land on stdin, stdout or stderr when one of them is closed */

static void fail_fd(struct call *call, int error, const char *syscall, const char *action, int fd) {
  char object[32];
  snprintf(object, sizeof object, "descriptor %d", fd);
  fail_system(call, error, syscall, action, object);
}

napi_value dup_fd(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "dupFd");
  int fd = as_fd(&call, call.args[0]);
  if (call.failed) return NULL;
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
  if (copy < 0) fail_fd(&call, errno, "fcntl", "copy", fd);
  return make_number(&call, copy);
}

napi_value close_fd(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "closeFd");
  int fd = as_fd(&call, call.args[0]);
  if (call.failed) return NULL;
  /* EINTR still closes on Linux; trying again could close a stranger's descriptor. */
  if (close(fd) < 0 && errno != EINTR) fail_fd(&call, errno, "close", "close", fd);
  return make_undefined(&call);
}

napi_value set_cloexec(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "setCloexec");
  int fd = as_fd(&call, call.args[0]);
  bool on = as_bool_or(&call, call.args[1], "on", true);
  if (call.failed) return NULL;
  int flags = fcntl(fd, F_GETFD);
  if (flags >= 0) flags = fcntl(fd, F_SETFD, on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC);
  if (flags < 0) fail_fd(&call, errno, "fcntl", "set close-on-exec of", fd);
  return make_undefined(&call);
}

static napi_value describe(struct call *call, const char *family, const char *address, size_t length, int port) {
  napi_value made = make_object(call);
  put(call, made, "family", make_text(call, family, strlen(family)));
  put(call, made, "address", make_text(call, address, length));
  put_number(call, made, "port", port);
  return made;
}

napi_value local_address(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "localAddress");
  int fd = as_fd(&call, call.args[0]);
  if (call.failed) return NULL;
  struct endpoint at;
  memset(&at, 0, sizeof at);
  at.length = sizeof at.address;
  if (getsockname(fd, &at.address.any, &at.length) < 0) fail_fd(&call, errno, "getsockname", "ask the address of", fd);

  char text[INET6_ADDRSTRLEN];
  switch (at.address.any.sa_family) {
    case AF_INET:
      inet_ntop(AF_INET, &at.address.v4.sin_addr, text, sizeof text);
      return describe(&call, "IPv4", text, strlen(text), ntohs(at.address.v4.sin_port));
    case AF_INET6:
      inet_ntop(AF_INET6, &at.address.v6.sin6_addr, text, sizeof text);
      return describe(&call, "IPv6", text, strlen(text), ntohs(at.address.v6.sin6_port));
    case AF_UNIX: {
      const char *path = at.address.local.sun_path; /* the kernel may leave no NUL: its length rules */
      size_t room = at.length > offsetof(struct sockaddr_un, sun_path) ? at.length - offsetof(struct sockaddr_un, sun_path) : 0;
      return describe(&call, "unix", path, strnlen(path, room), 0);
    }
    default:
      fail_fd(&call, EAFNOSUPPORT, "getsockname", "name the address of", fd);
      return NULL;
  }
}

napi_value tcp_information(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "tcpInfo");
  int fd = as_fd(&call, call.args[0]);
  if (call.failed) return NULL;
  struct tcp_info facts;
  memset(&facts, 0, sizeof facts);
  socklen_t length = sizeof facts;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &facts, &length) < 0) fail_fd(&call, errno, "getsockopt", "read TCP_INFO of", fd);
  napi_value made = make_object(&call);
  put_number(&call, made, "rttUs", facts.tcpi_rtt);
  put_number(&call, made, "rttVarUs", facts.tcpi_rttvar);
  put_number(&call, made, "sndCwnd", facts.tcpi_snd_cwnd);
  put_number(&call, made, "rcvSpace", facts.tcpi_rcv_space);
  return made;
}
