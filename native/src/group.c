/* Raw sockets of one IP protocol on one interface, in a multicast group or not: who sent a message, to whom, and over how
 * many hops is told; what goes out has the source address that is asked for, and a hop limit of 255. No verb here waits. */
#include "call.h"
#include "kernel.h"
#include "verbs.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOPS 255
#define INTERNETWORK_CONTROL 0xc0 /* DSCP CS6 */
#define RECEIVE_BYTES (256 * 1024)

static int set_int(int fd, int level, int option, int value) { return setsockopt(fd, level, option, &value, sizeof value); }

static int join4(int fd, int index, const uint8_t *group) {
  struct ip_mreqn where = {.imr_ifindex = index};
  int failed = set_int(fd, IPPROTO_IP, IP_TTL, HOPS) | set_int(fd, IPPROTO_IP, IP_MULTICAST_TTL, HOPS) |
               set_int(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0) | set_int(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0) |
               set_int(fd, IPPROTO_IP, IP_TOS, INTERNETWORK_CONTROL) | set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
  if (failed || !group) return failed;
  memcpy(&where.imr_multiaddr, group, 4);
  return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &where, sizeof where) |
         setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &where, sizeof where);
}

static int join6(int fd, int index, const uint8_t *group) {
  struct ipv6_mreq where = {.ipv6mr_interface = (unsigned)index};
  int failed = set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, HOPS) | set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, HOPS) |
               set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0) | set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0) |
               set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, INTERNETWORK_CONTROL) |
               set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) | set_int(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
  if (failed || !group) return failed;
  memcpy(&where.ipv6mr_multiaddr, group, 16);
  return set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, index) |
         setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &where, sizeof where);
}

/* An address of 4 or 16 bytes. */
static size_t as_address(struct call *call, napi_value value, const char *name, uint8_t **bytes) {
  size_t length;
  as_bytes(call, value, name, bytes, &length);
  if (!call->failed && length != 4 && length != 16) fail_type(call, name, "must have 4 or 16 bytes");
  return length;
}

/* groupSocket({family, protocol, index, group}): index 0 is any interface; without a group it hears unicast only. */
napi_value group_socket(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "groupSocket");
  napi_value options = call.args[0], joined = field(&call, options, "group");
  bool v4 = as_int(&call, field(&call, options, "family"), "family", 4, 6) == 4;
  int protocol = (int)as_int(&call, field(&call, options, "protocol"), "protocol", 1, 255);
  int index = (int)as_int(&call, field(&call, options, "index"), "index", 0, INT32_MAX);
  uint8_t *group = NULL;
  if (given(&call, joined) && as_address(&call, joined, "group", &group) != (v4 ? 4 : 16) && !call.failed)
    fail_type(&call, "group", "must be of the socket's family");
  if (call.failed) return NULL;
  char object[48];
  snprintf(object, sizeof object, "protocol %d on interface %d", protocol, index);
  int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (fd < 0) {
    fail_system(&call, errno, "socket", "open a raw socket of", object);
    return NULL;
  }
  set_int(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BYTES);
  if (index && set_int(fd, SOL_SOCKET, SO_BINDTOIFINDEX, index) < 0)
    fail_system(&call, errno, "setsockopt", "bind a raw socket of", object);
  else if ((v4 ? join4 : join6)(fd, index, group) < 0) fail_system(&call, errno, "setsockopt", "join a group with", object);
  napi_value made = make_number(&call, fd);
  if (call.failed) close(fd);
  return call.failed ? NULL : made;
}

struct control {
  _Alignas(struct cmsghdr) char bytes[128];
};

/* The source address and the interface, as control data. */
static void say_source(struct msghdr *message, const uint8_t *source, size_t length, int index) {
  struct cmsghdr *head = CMSG_FIRSTHDR(message);
  if (length == 4) {
    struct in_pktinfo from = {.ipi_ifindex = index};
    memcpy(&from.ipi_spec_dst, source, 4);
    *head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof from), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO};
    memcpy(CMSG_DATA(head), &from, sizeof from);
    message->msg_controllen = CMSG_SPACE(sizeof from);
  } else {
    struct in6_pktinfo from = {.ipi6_ifindex = (unsigned)index};
    memcpy(&from.ipi6_addr, source, 16);
    *head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof from), .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO};
    memcpy(CMSG_DATA(head), &from, sizeof from);
    message->msg_controllen = CMSG_SPACE(sizeof from);
  }
}

static int post(int fd, const struct letter *letter) {
  struct sockaddr_in to4 = {.sin_family = AF_INET};
  struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_scope_id = (unsigned)letter->index};
  struct control control = {0};
  struct iovec part = {(void *)letter->bytes, letter->length};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes};
  message.msg_controllen = sizeof control.bytes;
  bool v4 = letter->width == 4;
  if (v4) memcpy(&to4.sin_addr, letter->destination, 4);
  else memcpy(&to6.sin6_addr, letter->destination, 16);
  message.msg_name = v4 ? (void *)&to4 : (void *)&to6;
  message.msg_namelen = v4 ? sizeof to4 : sizeof to6;
  say_source(&message, letter->source, letter->width, letter->index);
  return sendmsg(fd, &message, MSG_DONTWAIT) < 0 ? -errno : 0;
}

int post_letter(const struct letter *letter) {
  bool v4 = letter->width == 4;
  int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, letter->protocol);
  if (fd < 0) return -errno;
  int error = (v4 ? join4 : join6)(fd, letter->index, NULL) < 0 ? -errno : post(fd, letter);
  close(fd);
  return error;
}

/* groupSend(fd, destination, source, index, bytes) */
napi_value group_send(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "groupSend");
  int fd = as_fd(&call, call.args[0]);
  uint8_t *destination, *source, *bytes;
  struct letter letter = {0};
  letter.width = as_address(&call, call.args[1], "destination", &destination);
  size_t from_length = as_address(&call, call.args[2], "source", &source);
  letter.index = (int)as_int(&call, call.args[3], "index", 0, INT32_MAX);
  as_bytes(&call, call.args[4], "bytes", &bytes, &letter.length);
  if (!call.failed && letter.width != from_length) fail_type(&call, "source", "must be of the destination's family");
  if (call.failed) return NULL;
  memcpy(letter.destination, destination, letter.width);
  memcpy(letter.source, source, letter.width);
  letter.bytes = bytes;
  char object[32];
  snprintf(object, sizeof object, "interface %d", letter.index);
  int error = post(fd, &letter);
  if (error) fail_system(&call, -error, "sendmsg", "send on", object);
  return make_undefined(&call);
}

struct arrival {
  size_t offset, length; /* of the message, without its IPv4 header */
  const uint8_t *source, *destination;
  size_t width; /* of both */
  int hops, index;
};

static void read4(struct arrival *arrival, const uint8_t *bytes, size_t got) {
  size_t header = got ? (size_t)(bytes[0] & 15) * 4 : 0;
  if (header < sizeof(struct iphdr) || header > got) return;
  arrival->offset = header;
  arrival->length = got - header;
  arrival->hops = bytes[8];
  arrival->source = bytes + 12;
  arrival->destination = bytes + 16;
  arrival->width = 4;
}

static void read_control(struct arrival *arrival, struct msghdr *message) {
  for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
    if (head->cmsg_level == IPPROTO_IP && head->cmsg_type == IP_PKTINFO)
      arrival->index = ((struct in_pktinfo *)CMSG_DATA(head))->ipi_ifindex;
    if (head->cmsg_level == IPPROTO_IPV6 && head->cmsg_type == IPV6_HOPLIMIT)
      memcpy(&arrival->hops, CMSG_DATA(head), sizeof arrival->hops);
    if (head->cmsg_level == IPPROTO_IPV6 && head->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo *to = (struct in6_pktinfo *)CMSG_DATA(head);
      arrival->index = (int)to->ipi6_ifindex;
      arrival->destination = to->ipi6_addr.s6_addr;
    }
  }
}

static void put_bytes(struct call *call, napi_value object, const char *name, const uint8_t *bytes, size_t length) {
  napi_value made = NULL;
  void *copy = NULL;
  if (!call->failed) ok(call, napi_create_buffer_copy(call->env, length, bytes, &copy, &made));
  put(call, object, name, made);
}

/* groupReceive(fd, buffer) → {offset, length, source, destination, hops, index}, or undefined when nothing waits */
napi_value group_receive(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "groupReceive");
  int fd = as_fd(&call, call.args[0]);
  uint8_t *bytes;
  size_t length;
  as_bytes(&call, call.args[1], "buffer", &bytes, &length);
  if (call.failed) return NULL;
  struct sockaddr_storage from;
  struct control control;
  struct iovec part = {bytes, length};
  struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &part, .msg_iovlen = 1};
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  struct arrival arrival = {0};
  ssize_t got;
  do got = recvmsg(fd, &message, MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return make_undefined(&call);
  if (got < 0) {
    char object[32];
    snprintf(object, sizeof object, "descriptor %d", fd);
    fail_system(&call, errno, "recvmsg", "receive on", object);
    return NULL;
  }
  static const uint8_t NOBODY[16];
  arrival.source = arrival.destination = NOBODY;
  arrival.width = 16;
  if (from.ss_family == AF_INET) read4(&arrival, bytes, (size_t)got);
  else {
    arrival.source = ((struct sockaddr_in6 *)&from)->sin6_addr.s6_addr;
    arrival.length = (size_t)got;
  }
  read_control(&arrival, &message);
  napi_value made = make_object(&call);
  put_number(&call, made, "offset", (double)arrival.offset);
  put_number(&call, made, "length", (double)arrival.length);
  put_bytes(&call, made, "source", arrival.source, arrival.width);
  put_bytes(&call, made, "destination", arrival.destination, arrival.width);
  put_number(&call, made, "hops", arrival.hops);
  put_number(&call, made, "index", arrival.index);
  return made;
}
