/* Reads arguments, throws errors and makes results: the Node-API side of every verb. */
#include "call.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

bool ok(struct call *call, napi_status status) {
  if (call->failed) return false;
  if (status == napi_ok) return true;
  call->failed = true;
  bool pending = false;
  napi_is_exception_pending(call->env, &pending);
  if (pending) return false; /* a getter of the caller threw: that error is the one to see */
  char text[96];
  snprintf(text, sizeof text, "Cannot %s: Node-API status %d", call->verb, (int)status);
  napi_throw_error(call->env, NULL, text);
  return false;
}

struct call call_begin(napi_env env, napi_callback_info info, const char *verb) {
  struct call call = {.env = env, .verb = verb};
  size_t count = MAX_ARGS;
  ok(&call, napi_get_cb_info(env, info, &count, call.args, NULL, NULL));
  return call;
}

void fail_type(struct call *call, const char *name, const char *must) {
  if (call->failed) return;
  char text[256];
  snprintf(text, sizeof text, "Cannot %s: %s %s", call->verb, name, must);
  napi_throw_type_error(call->env, "ERR_INVALID_ARG_VALUE", text);
  call->failed = true;
}

void fail_system(struct call *call, int error, const char *syscall, const char *action, const char *object) {
  fail_system_log(call, error, syscall, action, object, NULL);
}

void fail_system_log(struct call *call, int error, const char *syscall, const char *action, const char *object,
                     const char *log) {
  if (call->failed) return;
  char code[32];
  uv_err_name_r(-error, code, sizeof code);
  char reason[128];
  uv_strerror_r(-error, reason, sizeof reason);
  char text[512];
  snprintf(text, sizeof text, "Cannot %s %s: %s %s", action, object, code, reason);

  napi_value thrown;
  napi_value code_value = make_text(call, code, strlen(code));
  napi_value text_value = make_text(call, text, strlen(text));
  if (!ok(call, napi_create_error(call->env, code_value, text_value, &thrown))) return;
  put_number(call, thrown, "errno", -error);
  put(call, thrown, "syscall", make_text(call, syscall, strlen(syscall)));
  put(call, thrown, "object", make_text(call, object, strlen(object)));
  if (log) put(call, thrown, "log", make_text(call, log, strlen(log)));
  ok(call, napi_throw(call->env, thrown));
  call->failed = true;
}

static napi_valuetype type_of(struct call *call, napi_value value) {
  napi_valuetype type = napi_undefined;
  if (!call->failed) ok(call, napi_typeof(call->env, value, &type));
  return type;
}

napi_value field(struct call *call, napi_value object, const char *name) {
  if (type_of(call, object) != napi_object) fail_type(call, "its options", "must be an object");
  if (call->failed) return NULL;
  napi_value value = NULL;
  ok(call, napi_get_named_property(call->env, object, name, &value));
  return value;
}

bool given(struct call *call, napi_value value) { return type_of(call, value) != napi_undefined; }

int64_t as_int(struct call *call, napi_value value, const char *name, int64_t min, int64_t max) {
  double number = NAN;
  if (type_of(call, value) == napi_number) ok(call, napi_get_value_double(call->env, value, &number));
  if (number == trunc(number) && number >= (double)min && number <= (double)max) return (int64_t)number;
  char must[96];
  snprintf(must, sizeof must, "must be a whole number from %" PRId64 " to %" PRId64, min, max);
  fail_type(call, name, must);
  return min;
}

int64_t as_int_or(struct call *call, napi_value value, const char *name, int64_t min, int64_t max, int64_t fallback) {
  return given(call, value) ? as_int(call, value, name, min, max) : fallback;
}

int as_fd(struct call *call, napi_value value) { return (int)as_int(call, value, "the descriptor", 0, INT_MAX); }

bool as_bool_or(struct call *call, napi_value value, const char *name, bool fallback) {
  if (!given(call, value)) return fallback;
  if (type_of(call, value) != napi_boolean) fail_type(call, name, "must be true or false");
  bool truth = fallback;
  if (!call->failed) ok(call, napi_get_value_bool(call->env, value, &truth));
  return truth;
}

/* Narrows UTF-16 units to bytes. False when a unit is no byte, or is NUL, which would end a C string early. */
static bool narrow(const char16_t *units, size_t length, char *out) {
  for (size_t at = 0; at < length; at++) {
    if (units[at] == 0 || units[at] > 255) return false;
    out[at] = (char)units[at];
  }
  return true;
}

size_t as_text(struct call *call, napi_value value, const char *name, char *out, size_t size) {
  out[0] = '\0';
  if (type_of(call, value) != napi_string) fail_type(call, name, "must be a string");
  size_t length = 0;
  if (call->failed || !ok(call, napi_get_value_string_utf16(call->env, value, NULL, 0, &length))) return 0;
  if (length >= size) {
    char must[64];
    snprintf(must, sizeof must, "must be at most %zu bytes long", size - 1);
    fail_type(call, name, must);
    return 0;
  }
  char16_t *units = calloc(length + 1, sizeof *units);
  if (!units) {
    fail_system(call, UV_ENOMEM * -1, "calloc", "read", name);
    return 0;
  }
  ok(call, napi_get_value_string_utf16(call->env, value, units, length + 1, &length));
  bool bytes = narrow(units, length, out);
  free(units);
  if (!bytes) fail_type(call, name, "must hold chars 1..255 only");
  out[call->failed ? 0 : length] = '\0';
  return call->failed ? 0 : length;
}

void as_bytes(struct call *call, napi_value value, const char *name, uint8_t **bytes, size_t *length) {
  *bytes = NULL;
  *length = 0;
  if (call->failed) return;
  bool array = false;
  napi_typedarray_type type = napi_int8_array;
  void *data = NULL;
  if (!ok(call, napi_is_typedarray(call->env, value, &array))) return;
  if (array) ok(call, napi_get_typedarray_info(call->env, value, &type, length, &data, NULL, NULL));
  if (!array || type != napi_uint8_array) fail_type(call, name, "must be a Uint8Array");
  *bytes = data;
}

napi_value make_undefined(struct call *call) {
  napi_value made = NULL;
  if (!call->failed) ok(call, napi_get_undefined(call->env, &made));
  return made;
}

napi_value make_number(struct call *call, double value) {
  napi_value made = NULL;
  if (!call->failed) ok(call, napi_create_double(call->env, value, &made));
  return made;
}

napi_value make_text(struct call *call, const char *bytes, size_t length) {
  napi_value made = NULL;
  if (!call->failed) ok(call, napi_create_string_latin1(call->env, bytes, length, &made));
  return made;
}

napi_value make_object(struct call *call) {
  napi_value made = NULL;
  if (!call->failed) ok(call, napi_create_object(call->env, &made));
  return made;
}

void put(struct call *call, napi_value object, const char *name, napi_value value) {
  if (!call->failed) ok(call, napi_set_named_property(call->env, object, name, value));
}

void put_number(struct call *call, napi_value object, const char *name, double value) {
  put(call, object, name, make_number(call, value));
}
