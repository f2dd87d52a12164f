/* Sockets with a mark (SO_MARK), which filters and routes of this host go by; they need CAP_NET_ADMIN or CAP_NET_RAW. */
#include "endpoint.h"
#include "verbs.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* markedSocket({family, kind: 'tcp' | 'udp', mark, localAddress?}) → descriptor, bound to a port that no other socket has */
napi_value marked_socket(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "markedSocket");
  napi_value options = call.args[0];
  napi_value family = field(&call, options, "family");
  napi_value host = field(&call, options, "localAddress");
  bool v4 = as_int(&call, family, "family", 4, 6) == 4;
  char kind[8] = "";
  as_text(&call, field(&call, options, "kind"), "kind", kind, sizeof kind);
  uint32_t mark = (uint32_t)as_int(&call, field(&call, options, "mark"), "mark", 1, UINT32_MAX);
  bool udp = strcmp(kind, "udp") == 0;
  if (!call.failed && !udp && strcmp(kind, "tcp") != 0) fail_type(&call, "kind", "must be 'tcp' or 'udp'");
  napi_value any = make_text(&call, v4 ? "0.0.0.0" : "::", v4 ? 7 : 2);
  struct endpoint at = read_ip_endpoint(&call, given(&call, host) ? host : any, family, make_number(&call, 0));
  if (call.failed) return NULL;
  int fd = socket(v4 ? AF_INET : AF_INET6, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail_system(&call, errno, "socket", "open a socket on", at.text);
  else if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) < 0)
    fail_system(&call, errno, "setsockopt", "mark a socket on", at.text);
  else if (bind(fd, &at.address.any, at.length) < 0) fail_system(&call, errno, "bind", "bind", at.text);
  napi_value made = make_number(&call, fd);
  if (call.failed && fd >= 0) close(fd);
  return call.failed ? NULL : made;
}
