/* What every verb shares: one call's arguments, read one after another, and the errors it throws.
 *
 * A reader that meets a wrong value throws a TypeError and sets `failed`; from then on every reader is a
 * no-op that returns a harmless value, so a verb reads all it needs and asks `failed` once. */
#ifndef MOAT_CALL_H
#define MOAT_CALL_H

#define NAPI_VERSION 9
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_ARGS 5

struct call {
  napi_env env;
  const char *verb; /* as JavaScript spells it */
  napi_value args[MAX_ARGS]; /* absent ones are undefined */
  bool failed; /* an exception is pending: return NULL */
};

struct call call_begin(napi_env env, napi_callback_info info, const char *verb);

/* Property `name` of `object`; undefined when absent. */
napi_value field(struct call *call, napi_value object, const char *name);
bool given(struct call *call, napi_value value);

/* A whole number in min..max; `_or` takes `fallback` for undefined. */
int64_t as_int(struct call *call, napi_value value, const char *name, int64_t min, int64_t max);
int64_t as_int_or(struct call *call, napi_value value, const char *name, int64_t min, int64_t max, int64_t fallback);
int as_fd(struct call *call, napi_value value);
bool as_bool_or(struct call *call, napi_value value, const char *name, bool fallback);
/* A string whose chars are bytes 1..255, as a C string; its length in bytes is at most size - 1. */
size_t as_text(struct call *call, napi_value value, const char *name, char *out, size_t size);
/* A Uint8Array; the memory belongs to JavaScript and lives until the verb returns. */
void as_bytes(struct call *call, napi_value value, const char *name, uint8_t **bytes, size_t *length);

/* Passes a Node-API status on: anything but ok becomes a thrown error. Returns true when ok. */
bool ok(struct call *call, napi_status status);
/* Throws TypeError "Cannot <verb>: <name> <must>". */
void fail_type(struct call *call, const char *name, const char *must);
/* Throws Error "Cannot <action> <object>: <CODE> <text>" with code, errno (negative), syscall and object. */
void fail_system(struct call *call, int error, const char *syscall, const char *action, const char *object);
/* The same, with what the kernel had to say about it as property `log`. */
void fail_system_log(struct call *call, int error, const char *syscall, const char *action, const char *object,
                     const char *log);

napi_value make_undefined(struct call *call);
napi_value make_number(struct call *call, double value);
napi_value make_text(struct call *call, const char *bytes, size_t length);
napi_value make_object(struct call *call);
void put(struct call *call, napi_value object, const char *name, napi_value value);
void put_number(struct call *call, napi_value object, const char *name, double value);

#endif
