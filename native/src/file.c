/* Reading files without waiting for the disk. */
#include "call.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <sys/uio.h>

#define WOULD_WAIT (-1)

/* readCached(fd, buffer, position) → bytes, 0 at the end of the file, or -1 when it would have to wait. */
napi_value read_cached(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "readCached");
  int fd = as_fd(&call, call.args[0]);
  uint8_t *bytes = NULL;
  size_t length = 0;
  as_bytes(&call, call.args[1], "buffer", &bytes, &length);
  int64_t position = as_int(&call, call.args[2], "position", 0, INT64_MAX >> 10);
  if (call.failed) return NULL;
  struct iovec piece = {.iov_base = bytes, .iov_len = length};
  ssize_t got = preadv2(fd, &piece, 1, position, RWF_NOWAIT);
  if (got >= 0) return make_number(&call, (double)got);
  /* Some file systems can not tell what they have at hand: then it is as if they had nothing. */
  if (errno == EAGAIN || errno == EOPNOTSUPP || errno == ENOSYS) return make_number(&call, WOULD_WAIT);
  char object[32];
  snprintf(object, sizeof object, "descriptor %d", fd);
  fail_system(&call, errno, "preadv2", "read", object);
  return NULL;
}
