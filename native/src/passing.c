/* Descriptors handed from process to process: SCM_RIGHTS over a Unix socket, one payload per message.
 *
 * The sockets never block in the kernel: every wait is a poll() with a deadline, since the caller's whole
 * event loop stands still meanwhile. */
#include "call.h"
#include "verbs.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_FDS 253 /* SCM_MAX_FD: what the kernel takes in one message */
#define MAX_PAYLOAD_BYTES 65536
#define DEFAULT_TIMEOUT_MS 5000

union control { /* aligned as the kernel writes it */
  struct cmsghdr header;
  char room[CMSG_SPACE(sizeof(int) * MAX_FDS)];
};

static void fail_socket(struct call *call, int error, const char *syscall, const char *action, int sock) {
  char object[32];
  snprintf(object, sizeof object, "descriptor %d", sock);
  fail_system(call, error, syscall, action, object);
}

napi_value socket_pair(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "socketPair");
  if (call.failed) return NULL;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0) {
    fail_system(&call, errno, "socketpair", "make", "a pair of Unix sockets");
    return NULL;
  }
  napi_value made = NULL;
  ok(&call, napi_create_array_with_length(env, 2, &made));
  for (uint32_t at = 0; at < 2; at++) {
    napi_value end = make_number(&call, ends[at]);
    if (!call.failed) ok(&call, napi_set_element(env, made, at, end));
  }
  if (!call.failed) return made;
  close(ends[0]);
  close(ends[1]);
  return NULL;
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until `sock` is ready for `events`; 0, or ETIMEDOUT, or what poll() says. */
static int wait_for(int sock, short events, int64_t deadline_ms) {
  for (;;) {
    int64_t left_ms = deadline_ms - now_ms();
    struct pollfd one = {.fd = sock, .events = events};
    int ready = poll(&one, 1, left_ms > 0 ? (int)left_ms : 0);
    if (ready > 0) return one.revents & POLLNVAL ? EBADF : 0;
    if (ready == 0) return ETIMEDOUT;
    if (errno != EINTR) return errno;
  }
}

static uint32_t read_fds(struct call *call, napi_value list, int *fds) {
  bool array = false;
  uint32_t count = 0;
  if (!call->failed) ok(call, napi_is_array(call->env, list, &array));
  if (!array) fail_type(call, "fds", "must be an array");
  if (!call->failed) ok(call, napi_get_array_length(call->env, list, &count));
  if (count > MAX_FDS) fail_type(call, "fds", "must hold at most 253 descriptors");
  for (uint32_t at = 0; at < count && !call->failed; at++) {
    napi_value one = NULL;
    if (ok(call, napi_get_element(call->env, list, at, &one))) fds[at] = as_fd(call, one);
  }
  return call->failed ? 0 : count;
}

/* Hangs `count` descriptors on the message; without any, control data must be absent, not empty. */
static void attach(struct msghdr *message, union control *control, const int *fds, uint32_t count) {
  if (count == 0) return;
  message->msg_control = control->room;
  message->msg_controllen = CMSG_SPACE(sizeof(int) * count);
  struct cmsghdr *rights = CMSG_FIRSTHDR(message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int) * count);
  memcpy(CMSG_DATA(rights), fds, sizeof(int) * count);
}

static int send_message(int sock, const struct msghdr *message, int64_t deadline_ms) {
  for (;;) {
    if (sendmsg(sock, message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return 0;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return errno;
    int error = wait_for(sock, POLLOUT, deadline_ms);
    if (error) return error;
  }
}

napi_value send_fds(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "sendFds");
  int sock = as_fd(&call, call.args[0]);
  int fds[MAX_FDS];
  uint32_t count = read_fds(&call, call.args[1], fds);
  struct iovec payload;
  as_bytes(&call, call.args[2], "payload", (uint8_t **)&payload.iov_base, &payload.iov_len);
  if (payload.iov_len == 0) fail_type(&call, "payload", "must hold at least one byte: none means closed");
  if (payload.iov_len > MAX_PAYLOAD_BYTES) fail_type(&call, "payload", "must hold at most 65536 bytes");
  int64_t timeout_ms = as_int_or(&call, call.args[3], "timeoutMs", 0, INT_MAX, DEFAULT_TIMEOUT_MS);
  if (call.failed) return NULL;

  union control control;
  memset(&control, 0, sizeof control);
  struct msghdr message = {.msg_iov = &payload, .msg_iovlen = 1};
  attach(&message, &control, fds, count);
  int error = send_message(sock, &message, now_ms() + timeout_ms);
  if (error) fail_socket(&call, error, "sendmsg", "send descriptors over", sock);
  return make_undefined(&call);
}

/* Bytes read, 0 when the peer has closed, or minus an errno. */
static ssize_t receive_message(int sock, struct msghdr *message, int64_t deadline_ms) {
  size_t control_length = message->msg_controllen;
  for (;;) {
    message->msg_controllen = control_length;
    ssize_t length = recvmsg(sock, message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length >= 0) return length;
    if (errno == EINTR) continue;
    if (errno == ECONNRESET) return 0; /* it closed with our messages unread */
    if (errno != EAGAIN) return -errno;
    int error = wait_for(sock, POLLIN, deadline_ms);
    if (error) return -error;
  }
}

/* Takes every descriptor out of the message, so that none is left open and forgotten. */
static uint32_t detach(struct msghdr *message, int *fds) {
  uint32_t count = 0;
  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    size_t here = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t at = 0; at < here && count < MAX_FDS; at++) {
      memcpy(&fds[count++], CMSG_DATA(part) + at * sizeof(int), sizeof(int));
    }
  }
  return count;
}

static napi_value make_message(struct call *call, const int *fds, uint32_t count, const uint8_t *bytes, size_t length) {
  napi_value list = NULL, payload = NULL;
  ok(call, napi_create_array_with_length(call->env, count, &list));
  for (uint32_t at = 0; at < count; at++) {
    napi_value fd = make_number(call, fds[at]);
    if (!call->failed) ok(call, napi_set_element(call->env, list, at, fd));
  }
  if (!call->failed) ok(call, napi_create_buffer_copy(call->env, length, bytes, NULL, &payload));
  napi_value made = make_object(call);
  put(call, made, "fds", list);
  put(call, made, "payload", payload);
  return made;
}

static napi_value receive_into(struct call *call, int sock, uint32_t max_fds, int64_t timeout_ms, uint8_t *bytes) {
  struct iovec payload = {.iov_base = bytes, .iov_len = MAX_PAYLOAD_BYTES};
  union control control;
  struct msghdr message = {
      .msg_iov = &payload, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
  ssize_t length = receive_message(sock, &message, now_ms() + timeout_ms);
  if (length < 0) fail_socket(call, (int)-length, "recvmsg", "receive descriptors over", sock);
  if (length <= 0) return make_undefined(call);

  int fds[MAX_FDS];
  uint32_t count = detach(&message, fds);
  /* MSG_CTRUNC: this process may open no more descriptors, and the kernel dropped some. */
  if (message.msg_flags & MSG_CTRUNC) fail_socket(call, EMFILE, "recvmsg", "receive descriptors over", sock);
  if (message.msg_flags & MSG_TRUNC) fail_socket(call, EMSGSIZE, "recvmsg", "receive descriptors over", sock);
  if (count > max_fds) fail_socket(call, E2BIG, "recvmsg", "receive so many descriptors over", sock);
  napi_value made = call->failed ? NULL : make_message(call, fds, count, bytes, (size_t)length);
  for (uint32_t at = 0; at < count && call->failed; at++) close(fds[at]);
  return made;
}

napi_value receive_fds(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "receiveFds");
  int sock = as_fd(&call, call.args[0]);
  uint32_t max_fds = (uint32_t)as_int(&call, call.args[1], "maxFds", 0, MAX_FDS);
  int64_t timeout_ms = as_int_or(&call, call.args[2], "timeoutMs", 0, INT_MAX, DEFAULT_TIMEOUT_MS);
  if (call.failed) return NULL;
  uint8_t *bytes = malloc(MAX_PAYLOAD_BYTES);
  if (!bytes) {
    fail_socket(&call, ENOMEM, "malloc", "receive descriptors over", sock);
    return NULL;
  }
  napi_value made = receive_into(&call, sock, max_fds, timeout_ms, bytes);
  free(bytes);
  return made;
}
