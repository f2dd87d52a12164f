/* A socket address together with the text that messages name it by. */
#ifndef MOAT_ENDPOINT_H
#define MOAT_ENDPOINT_H

#include "call.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

struct endpoint {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
    struct sockaddr_storage room;
  } address;
  socklen_t length;
  char text[160]; /* "192.0.2.1:80", "[2001:db8::1]:80", "unix:/run/x.sock" */
};

/* Reads an IP literal (IPv6 may carry %zone), a family of 4 or 6 and a port of 0..65535. */
struct endpoint read_ip_endpoint(struct call *call, napi_value host, napi_value family, napi_value port);
struct endpoint read_unix_endpoint(struct call *call, napi_value path);
/* A Unix socket that has no file (unix(7)): its address is a zero byte and the name, and ends where the name does. */
struct endpoint read_abstract_endpoint(struct call *call, napi_value name);

#endif
