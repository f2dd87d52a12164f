/* Which of the listening sockets that share an address (SO_REUSEPORT) takes the next connection: a part for the first
 * ones, and the rest for those that were opened after them. Without it the kernel spreads clients by a hash over all.
 *
 * A classic BPF program answers with the place of a socket in the group: sockets have places in the order of listen(2), and
 * when one is closed the last one takes its place. It draws a number for each SYN, so that few clients are divided as well
 * as many; one that is sent again finds its half-open connection, whichever socket has it. A place that there is not leaves
 * the choice to the hash. */
#include "call.h"
#include "verbs.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdio.h>
#include <sys/socket.h>

#ifndef SO_DETACH_REUSEPORT_BPF
#define SO_DETACH_REUSEPORT_BPF 68 /* Linux 5.3 */
#endif

#define MOST_SOCKETS 65535
#define DRAW BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM))

static void attach(struct call *call, int fd, uint32_t first, uint32_t others, uint32_t percent) {
  struct sock_filter code[] = {
      DRAW,
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 100),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, percent, 4, 0),
      DRAW,
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, others),
      BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, first),
      BPF_STMT(BPF_RET | BPF_A, 0),
      DRAW,
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, first),
      BPF_STMT(BPF_RET | BPF_A, 0),
  };
  struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
  char object[32];
  snprintf(object, sizeof object, "descriptor %d", fd);
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) == 0) return;
  fail_system(call, errno, "setsockopt", "set SO_ATTACH_REUSEPORT_CBPF on", object);
}

napi_value steer_group(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "steerGroup");
  int fd = as_fd(&call, call.args[0]);
  napi_value from = call.args[1];
  uint32_t first = (uint32_t)as_int(&call, field(&call, from, "first"), "first", 1, MOST_SOCKETS);
  uint32_t others = (uint32_t)as_int(&call, field(&call, from, "others"), "others", 1, MOST_SOCKETS);
  uint32_t percent = (uint32_t)as_int(&call, field(&call, from, "othersPercent"), "othersPercent", 0, 100);
  if (!call.failed) attach(&call, fd, first, others, percent);
  return make_undefined(&call);
}

napi_value unsteer_group(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "unsteerGroup");
  int fd = as_fd(&call, call.args[0]);
  int none = 0;
  char object[32];
  snprintf(object, sizeof object, "descriptor %d", fd);
  if (!call.failed && setsockopt(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &none, sizeof none) < 0 && errno != ENOENT)
    fail_system(&call, errno, "setsockopt", "set SO_DETACH_REUSEPORT_BPF on", object);
  return make_undefined(&call);
}
