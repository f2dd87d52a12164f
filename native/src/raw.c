/* Raw sockets: whole messages of one IP protocol, such as ICMP; they need CAP_NET_RAW. No verb here waits. */
#include "endpoint.h"
#include "verbs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Lets only messages of one ICMP type come in, or all of them when `type` is -1. */
static int filter_icmp(int fd, int family, int64_t type) {
  if (type < 0) return 0;
  if (family == AF_INET) {
    struct icmp_filter filter = {.data = type < 32 ? ~(1u << type) : ~0u};
    return setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof filter);
  }
  struct icmp6_filter filter;
  ICMP6_FILTER_SETBLOCKALL(&filter);
  ICMP6_FILTER_SETPASS((int)type, &filter);
  return setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter);
}

napi_value raw_socket(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "rawSocket");
  napi_value options = call.args[0];
  int family = as_int(&call, field(&call, options, "family"), "family", 4, 6) == 4 ? AF_INET : AF_INET6;
  int protocol = (int)as_int(&call, field(&call, options, "protocol"), "protocol", 1, 255);
  int64_t type = as_int_or(&call, field(&call, options, "icmpType"), "icmpType", 0, 255, -1);
  napi_value host = field(&call, options, "localAddress");
  struct endpoint local = {.text = "any address"};
  bool bound = given(&call, host);
  if (bound)
    local = read_ip_endpoint(&call, host, field(&call, options, "family"), field(&call, options, "localPort"));
  if (call.failed) return NULL;
  int fd = socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (fd < 0) {
    fail_system(&call, errno, "socket", "open a raw socket on", local.text);
    return NULL;
  }
  if (filter_icmp(fd, family, type) < 0) fail_system(&call, errno, "setsockopt", "filter a raw socket on", local.text);
  else if (bound && bind(fd, &local.address.any, local.length) < 0)
    fail_system(&call, errno, "bind", "bind a raw socket to", local.text);
  napi_value made = make_number(&call, fd);
  if (call.failed) close(fd);
  return call.failed ? NULL : made;
}

napi_value raw_send(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "rawSend");
  int fd = as_fd(&call, call.args[0]);
  struct endpoint to = read_ip_endpoint(&call, call.args[1], call.args[2], call.args[3]);
  uint8_t *bytes;
  size_t length;
  as_bytes(&call, call.args[4], "bytes", &bytes, &length);
  if (call.failed) return NULL;
  if (sendto(fd, bytes, length, 0, &to.address.any, to.length) < 0)
    fail_system(&call, errno, "sendto", "send to", to.text);
  return make_undefined(&call);
}

/* The address of a sender as text; NULL when it is of neither family. */
static const char *name_of(const struct sockaddr_storage *from, char text[INET6_ADDRSTRLEN]) {
  if (from->ss_family == AF_INET)
    return inet_ntop(AF_INET, &((const struct sockaddr_in *)from)->sin_addr, text, INET6_ADDRSTRLEN);
  return inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)from)->sin6_addr, text, INET6_ADDRSTRLEN);
}

napi_value raw_receive(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "rawReceive");
  int fd = as_fd(&call, call.args[0]);
  uint8_t *bytes;
  size_t length;
  as_bytes(&call, call.args[1], "buffer", &bytes, &length);
  if (call.failed) return NULL;
  struct sockaddr_storage from;
  socklen_t size = sizeof from;
  ssize_t got = recvfrom(fd, bytes, length, 0, (struct sockaddr *)&from, &size);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return make_undefined(&call);
  if (got < 0) {
    char object[32];
    snprintf(object, sizeof object, "descriptor %d", fd);
    fail_system(&call, errno, "recvfrom", "receive on", object);
    return NULL;
  }
  char text[INET6_ADDRSTRLEN] = "";
  const char *name = name_of(&from, text);
  napi_value made = make_object(&call);
  put_number(&call, made, "length", (double)got);
  put(&call, made, "address", make_text(&call, text, name ? strlen(text) : 0));
  return made;
}
