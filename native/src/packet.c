/* Packet sockets: whole Ethernet frames of one kind, in and out by one interface; they need CAP_NET_RAW. */
#include "call.h"
#include "verbs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

/* packetSocket(interface, protocol) → descriptor, which does not wait; frames are read by rawReceive, and written by write(2) */
napi_value packet_socket(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "packetSocket");
  char name[IF_NAMESIZE];
  as_text(&call, call.args[0], "interface", name, sizeof name);
  uint16_t protocol = (uint16_t)as_int(&call, call.args[1], "protocol", 0x600, 0xffff);
  if (call.failed) return NULL;
  struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(protocol)};
  at.sll_ifindex = (int)if_nametoindex(name);
  if (at.sll_ifindex == 0) {
    fail_system(&call, errno, "if_nametoindex", "find interface", name);
    return NULL;
  }
  /* Of no protocol until it is bound: nothing of other interfaces comes in between. */
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail_system(&call, errno, "socket", "open a packet socket on", name);
  else if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0) fail_system(&call, errno, "bind", "bind a packet socket to", name);
  napi_value made = make_number(&call, fd);
  if (call.failed && fd >= 0) close(fd);
  return call.failed ? NULL : made;
}
