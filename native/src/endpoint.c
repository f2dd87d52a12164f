/* Turns hosts, ports and paths from JavaScript into socket addresses. */
#include "endpoint.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

static void read_v4(struct call *call, struct endpoint *to, const char *host, in_port_t port) {
  to->address.v4.sin_family = AF_INET;
  to->address.v4.sin_port = htons(port);
  to->length = sizeof to->address.v4;
  if (inet_pton(AF_INET, host, &to->address.v4.sin_addr) != 1) fail_type(call, "host", "must be an IPv4 address");
  snprintf(to->text, sizeof to->text, "%s:%u", host, port);
}

static void read_v6(struct call *call, struct endpoint *to, char *host, in_port_t port) {
  to->address.v6.sin6_family = AF_INET6;
  to->address.v6.sin6_port = htons(port);
  to->length = sizeof to->address.v6;
  snprintf(to->text, sizeof to->text, "[%s]:%u", host, port);
  char *zone = strchr(host, '%');
  if (zone) {
    *zone++ = '\0';
    to->address.v6.sin6_scope_id = if_nametoindex(zone);
    if (!to->address.v6.sin6_scope_id) fail_type(call, "host", "names a zone that is no interface of this machine");
  }
  if (inet_pton(AF_INET6, host, &to->address.v6.sin6_addr) != 1) fail_type(call, "host", "must be an IPv6 address");
}

struct endpoint read_ip_endpoint(struct call *call, napi_value host, napi_value family, napi_value port) {
  struct endpoint to;
  memset(&to, 0, sizeof to);
  char host_text[INET6_ADDRSTRLEN + 1 + IF_NAMESIZE];
  as_text(call, host, "host", host_text, sizeof host_text);
  int64_t version = as_int(call, family, "family", 4, 6);
  in_port_t number = (in_port_t)as_int(call, port, "port", 0, 65535);
  if (version == 5) fail_type(call, "family", "must be 4 or 6");
  if (call->failed) return to;
  if (version == 4) read_v4(call, &to, host_text, number);
  else read_v6(call, &to, host_text, number);
  return to;
}

struct endpoint read_unix_endpoint(struct call *call, napi_value path) {
  struct endpoint to;
  memset(&to, 0, sizeof to);
  to.address.local.sun_family = AF_UNIX;
  size_t length = as_text(call, path, "path", to.address.local.sun_path, sizeof to.address.local.sun_path);
  if (length == 0) fail_type(call, "path", "must not be empty");
  to.length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
  snprintf(to.text, sizeof to.text, "unix:%s", to.address.local.sun_path);
  return to;
}

struct endpoint read_abstract_endpoint(struct call *call, napi_value name) {
  struct endpoint to;
  memset(&to, 0, sizeof to);
  to.address.local.sun_family = AF_UNIX;
  char *place = to.address.local.sun_path + 1;
  size_t length = as_text(call, name, "abstractName", place, sizeof to.address.local.sun_path - 1);
  if (length == 0) fail_type(call, "abstractName", "must not be empty");
  to.length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
  snprintf(to.text, sizeof to.text, "unix:@%.*s", (int)length, place);
  return to;
}
