/* Connected datagram sockets: each write(2) to one is a message, as syslog wants them. */
#include "endpoint.h"
#include "verbs.h"

#include <errno.h>
#include <unistd.h>

static struct endpoint read_peer(struct call *call, napi_value from) {
  napi_value path = field(call, from, "path");
  if (given(call, path)) return read_unix_endpoint(call, path);
  napi_value name = field(call, from, "abstractName");
  if (given(call, name)) return read_abstract_endpoint(call, name);
  return read_ip_endpoint(call, field(call, from, "host"), field(call, from, "family"), field(call, from, "port"));
}

napi_value connect_datagram(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "connectDatagram");
  struct endpoint peer = read_peer(&call, call.args[0]);
  if (call.failed) return NULL;
  int fd = socket(peer.address.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    fail_system(&call, errno, "socket", "open a socket for", peer.text);
    return NULL;
  }
  if (connect(fd, &peer.address.any, peer.length) < 0) fail_system(&call, errno, "connect", "connect to", peer.text);
  napi_value made = make_number(&call, fd);
  if (call.failed) close(fd);
  return call.failed ? NULL : made;
}
