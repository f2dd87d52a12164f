/* One question to the kernel over netlink, and all that it answers, or a descriptor that tells of changes; what the messages
 * mean is native/netlink.ts's to know. */
#include "call.h"
#include "kernel.h"
#include "verbs.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ANSWER_BYTES (64 * 1024) /* the kernel fills at most 32 KiB a time */
#define ANSWERS_MOST (64u << 20)
#define WAIT_SECONDS 2

struct answers {
  uint8_t *bytes;
  size_t length, size;
};

static int open_netlink(int protocol) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  struct timeval patience = {.tv_sec = WAIT_SECONDS};
  int on = 1;
  if (fd >= 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
  }
  return fd;
}

/* What follows the last message is told by its end, or by the acknowledgement that every question asks for. 1: more comes; else -errno or 0. */
static int judge(const uint8_t *bytes, size_t length) {
  int left = (int)length;
  for (const struct nlmsghdr *head = (const void *)bytes; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
    if (head->nlmsg_type == NLMSG_DONE) return 0;
    if (head->nlmsg_type == NLMSG_ERROR) return ((const struct nlmsgerr *)NLMSG_DATA(head))->error;
  }
  return 1;
}

static int collect(int fd, struct answers *answers) {
  for (;;) {
    if (answers->size - answers->length < ANSWER_BYTES) {
      size_t size = answers->size * 2 + ANSWER_BYTES;
      uint8_t *more = size > ANSWERS_MOST ? NULL : realloc(answers->bytes, size);
      if (!more) return -ENOMEM;
      answers->bytes = more;
      answers->size = size;
    }
    ssize_t got = recv(fd, answers->bytes + answers->length, answers->size - answers->length, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -errno;
    int verdict = judge(answers->bytes + answers->length, (size_t)got);
    answers->length += (size_t)got;
    if (verdict <= 0) return verdict;
  }
}

/* Sends the message and collects all answers, which the caller frees. */
static int exchange(int protocol, const uint8_t *message, size_t length, struct answers *answers) {
  int fd = open_netlink(protocol);
  int error = fd < 0 || send(fd, message, length, 0) < 0 ? -errno : collect(fd, answers);
  if (fd >= 0) close(fd);
  return error;
}

int route_order(const uint8_t *message, size_t length) {
  struct answers answers = {0};
  int error = exchange(NETLINK_ROUTE, message, length, &answers);
  free(answers.bytes);
  return error;
}

/* netlinkAsk(protocol, message, action, object) → all answers in a row. The message asks for an acknowledgement or for a dump. */
napi_value netlink_ask(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "netlinkAsk");
  int protocol = (int)as_int(&call, call.args[0], "protocol", 0, 31);
  uint8_t *message = NULL;
  size_t length = 0;
  char action[64], object[128];
  as_bytes(&call, call.args[1], "message", &message, &length);
  as_text(&call, call.args[2], "action", action, sizeof action);
  as_text(&call, call.args[3], "object", object, sizeof object);
  if (!call.failed && length < sizeof(struct nlmsghdr)) fail_type(&call, "message", "must begin with a header");
  if (call.failed) return NULL;
  struct answers answers = {0};
  int error = exchange(protocol, message, length, &answers);
  napi_value made = NULL, buffer = NULL;
  void *copy = NULL;
  if (error) fail_system(&call, -error, "netlink", action, object);
  if (!call.failed) ok(&call, napi_create_arraybuffer(env, answers.length, &copy, &buffer));
  if (!call.failed) memcpy(copy, answers.bytes, answers.length);
  if (!call.failed) ok(&call, napi_create_typedarray(env, napi_uint8_array, answers.length, buffer, 0, &made));
  free(answers.bytes);
  return made;
}

/* netlinkListen(protocol, groups) → a descriptor that becomes readable at each change of what the groups (a mask) tell of */
napi_value netlink_listen(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "netlinkListen");
  int protocol = (int)as_int(&call, call.args[0], "protocol", 0, 31);
  struct sockaddr_nl where = {.nl_family = AF_NETLINK};
  where.nl_groups = (uint32_t)as_int(&call, call.args[1], "groups", 1, UINT32_MAX);
  if (call.failed) return NULL;
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (fd < 0 || bind(fd, (struct sockaddr *)&where, sizeof where) < 0)
    fail_system(&call, errno, "netlink", "listen to", "changes of the network");
  napi_value made = make_number(&call, fd);
  if (call.failed && fd >= 0) close(fd);
  return call.failed ? NULL : made;
}

/* netlinkDrain(fd): reads all that waits, unread; so does what was lost because too much came (ENOBUFS). */
napi_value netlink_drain(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "netlinkDrain");
  int fd = as_fd(&call, call.args[0]);
  char dropped[8192];
  while (!call.failed) {
    if (recv(fd, dropped, sizeof dropped, MSG_DONTWAIT) >= 0 || errno == EINTR || errno == ENOBUFS) continue;
    if (errno != EAGAIN) fail_system(&call, errno, "recv", "read", "changes of the network");
    break;
  }
  return make_undefined(&call);
}
