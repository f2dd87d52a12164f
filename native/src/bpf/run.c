/* One packet through a loaded program (BPF_PROG_TEST_RUN): for tests of the very programs, and for what they cost. */
#include "../call.h"
#include "verbs.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>

/* programRun(fd, {data, out?, context?, repeat?}) → {verdict, bytes, durationNs}; `out` is filled, `context` overwritten.
 * durationNs is the mean of one run. */
napi_value program_run(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "programRun");
  int fd = as_fd(&call, call.args[0]);
  napi_value options = call.args[1];
  uint8_t *data = NULL, *out = NULL, *context = NULL;
  size_t data_length = 0, out_length = 0, context_length = 0;
  as_bytes(&call, field(&call, options, "data"), "data", &data, &data_length);
  napi_value room = field(&call, options, "out");
  if (given(&call, room)) as_bytes(&call, room, "out", &out, &out_length);
  napi_value given_context = field(&call, options, "context");
  if (given(&call, given_context)) as_bytes(&call, given_context, "context", &context, &context_length);
  int64_t repeat = as_int_or(&call, field(&call, options, "repeat"), "repeat", 1, INT32_MAX, 1);
  if (call.failed) return NULL;
  LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = data, .data_size_in = (uint32_t)data_length, .data_out = out,
              .data_size_out = (uint32_t)out_length, .ctx_in = context, .ctx_size_in = (uint32_t)context_length,
              .ctx_out = context, .ctx_size_out = (uint32_t)context_length, .repeat = (int)repeat);
  if (bpf_prog_test_run_opts(fd, &run) < 0) {
    char object[32];
    snprintf(object, sizeof object, "descriptor %d", fd);
    fail_system(&call, errno, "bpf", "run the program of", object);
    return NULL;
  }
  napi_value made = make_object(&call);
  put_number(&call, made, "verdict", run.retval);
  put_number(&call, made, "bytes", run.data_size_out);
  put_number(&call, made, "durationNs", run.duration);
  return call.failed ? NULL : made;
}
