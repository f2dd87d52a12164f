/* getaddrinfo(3): the addresses of a host, from /etc/hosts or DNS, as the system is told to look. */
#include "call.h"
#include "verbs.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#define NAME_BYTES 256
#define LIST_BYTES 4096 /* some hundred addresses; more than a name has any use for */

/* Appends one address and a blank; leaves out what has no more room. */
static size_t append(char *list, size_t used, const struct addrinfo *found) {
  char text[INET6_ADDRSTRLEN];
  const void *address = found->ai_family == AF_INET ? (const void *)&((struct sockaddr_in *)found->ai_addr)->sin_addr
                                                    : (const void *)&((struct sockaddr_in6 *)found->ai_addr)->sin6_addr;
  if (!inet_ntop(found->ai_family, address, text, sizeof text)) return used;
  if (used + strlen(text) + 2 > LIST_BYTES) return used;
  return used + (size_t)snprintf(list + used, LIST_BYTES - used, "%s ", text);
}

/* hostAddresses(name): texts, a blank behind each; undefined when the name has none, or nobody tells. Waits for the answer. */
napi_value host_addresses(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "hostAddresses");
  char name[NAME_BYTES];
  as_text(&call, call.args[0], "the name", name, sizeof name);
  if (call.failed) return NULL;
  const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  struct addrinfo *all = NULL;
  if (getaddrinfo(name, NULL, &wanted, &all) != 0) return make_undefined(&call);
  char list[LIST_BYTES];
  size_t used = 0;
  for (const struct addrinfo *found = all; found; found = found->ai_next)
    if (found->ai_family == AF_INET || found->ai_family == AF_INET6) used = append(list, used, found);
  freeaddrinfo(all);
  return make_text(&call, list, used);
}
