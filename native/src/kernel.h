/* What threads without JavaScript ask of the kernel. All give 0 or -errno. */
#ifndef MOAT_KERNEL_H
#define MOAT_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* One message of rtnetlink that asks for an acknowledgement, which is waited for. */
int route_order(const uint8_t *message, size_t length);

/* A message of a raw IP protocol; addresses have `width` bytes, 4 or 16. */
struct letter {
  int protocol, index; /* of the interface */
  uint8_t destination[16], source[16];
  size_t width;
  const uint8_t *bytes;
  size_t length;
};

/* By a socket of its own. */
int post_letter(const struct letter *letter);

#endif
