/* Faults made on purpose. They stand in the sanitizer variant only, where a test calls them to see that
 * the detectors detect. */
#include "call.h"
#include "verbs.h"

#include <stdlib.h>

napi_value probe_leak(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "probeLeak");
  char *volatile lost = malloc(4321);
  lost[0] = 1;
  lost = NULL;
  return make_undefined(&call);
}

napi_value probe_overflow(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "probeOverflow");
  char *volatile room = malloc(16);
  volatile size_t past = 16;
  double read = room[past];
  free(room);
  return make_number(&call, read);
}
