/* Whole frames of the link layer, out only: gratuitous ARP, neighbour advertisements. It needs CAP_NET_RAW. */
#include "call.h"
#include "verbs.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

napi_value link_socket(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "linkSocket");
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); /* protocol 0: nothing comes in */
  if (fd < 0) fail_system(&call, errno, "socket", "open", "a packet socket");
  return make_number(&call, fd);
}

/* linkSend(fd, index, frame) */
napi_value link_send(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "linkSend");
  int fd = as_fd(&call, call.args[0]);
  int index = (int)as_int(&call, call.args[1], "index", 1, INT32_MAX);
  uint8_t *bytes;
  size_t length;
  as_bytes(&call, call.args[2], "frame", &bytes, &length);
  if (call.failed) return NULL;
  struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = index};
  char object[32];
  snprintf(object, sizeof object, "interface %d", index);
  if (sendto(fd, bytes, length, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to) < 0)
    fail_system(&call, errno, "sendto", "send a frame on", object);
  return make_undefined(&call);
}
