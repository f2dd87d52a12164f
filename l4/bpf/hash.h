/* SipHash-1-3 over whole words: who does not know the key cannot find clients that meet at one real server. */
#ifndef MOAT_HASH_H
#define MOAT_HASH_H

#include "parse.h"

INLINE __u64 rotate(__u64 value, int by) { return (value << by) | (value >> (64 - by)); }

struct sip {
  __u64 a, b, c, d;
};

INLINE void sip_round(struct sip *sip) {
  sip->a += sip->b;
  sip->b = rotate(sip->b, 13) ^ sip->a;
  sip->a = rotate(sip->a, 32);
  sip->c += sip->d;
  sip->d = rotate(sip->d, 16) ^ sip->c;
  sip->a += sip->d;
  sip->d = rotate(sip->d, 21) ^ sip->a;
  sip->c += sip->b;
  sip->b = rotate(sip->b, 17) ^ sip->c;
  sip->c = rotate(sip->c, 32);
}

INLINE void sip_word(struct sip *sip, __u64 word) {
  sip->d ^= word;
  sip_round(sip);
  sip->a ^= word;
}

/* Of an address and a word, 18 bytes in all: as 16 of the address and 2 of the port on the wire. */
INLINE __u64 sip_hash(const struct settings *settings, const struct address *address, __u16 port) {
  __u64 k0 = settings->hash_key[0], k1 = settings->hash_key[1];
  struct sip sip = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573};
  __u64 low, high;
  __builtin_memcpy(&low, &address->word[0], 8);
  __builtin_memcpy(&high, &address->word[2], 8);
  sip_word(&sip, low);
  sip_word(&sip, high);
  sip_word(&sip, (__u64)port | (__u64)18 << 56);
  sip.c ^= 0xff;
  sip_round(&sip);
  sip_round(&sip);
  sip_round(&sip);
  return sip.a ^ sip.b ^ sip.c ^ sip.d;
}

#endif
