/* crypt(3): password hashes as /etc/shadow and htpasswd hold them (bcrypt, sha512crypt, md5crypt, DES). */
#include "call.h"
#include "verbs.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#define KEY_BYTES (CRYPT_MAX_PASSPHRASE_SIZE + 1)
#define SETTING_BYTES CRYPT_OUTPUT_SIZE

/* One hash to make; holds the password, so it is wiped before it is freed. */
struct hashing {
  char key[KEY_BYTES], setting[SETTING_BYTES];
  const char *made; /* inside `work`; NULL when the setting is of no known kind */
  struct crypt_data work;
  napi_async_work task;
  napi_ref done; /* the callback. Not a promise: its deferred cannot be freed once its thread runs no JavaScript */
};

static void discard(struct hashing *hashing) {
  explicit_bzero(hashing, sizeof *hashing);
  free(hashing);
}

static struct hashing *read_hashing(struct call *call) {
  struct hashing *hashing = calloc(1, sizeof *hashing);
  if (!hashing) {
    fail_type(call, "the key", "finds no memory");
    return NULL;
  }
  as_text(call, call->args[0], "the key", hashing->key, sizeof hashing->key);
  as_text(call, call->args[1], "the setting", hashing->setting, sizeof hashing->setting);
  if (!call->failed) return hashing;
  discard(hashing);
  return NULL;
}

static void hash(struct hashing *hashing) {
  char *made = crypt_r(hashing->key, hashing->setting, &hashing->work);
  hashing->made = made && made[0] != '*' ? made : NULL; /* libxcrypt says "*0" or "*1" for failure */
}

static napi_value make_hash(struct call *call, const struct hashing *hashing) {
  return hashing->made ? make_text(call, hashing->made, strlen(hashing->made)) : make_undefined(call);
}

napi_value crypt_hash(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "cryptHash");
  struct hashing *hashing = read_hashing(&call);
  if (!hashing) return NULL;
  hash(hashing);
  napi_value made = make_hash(&call, hashing);
  discard(hashing);
  return made;
}

static void run_task(napi_env env, void *data) {
  (void)env; /* off the JavaScript thread: no Node-API here */
  hash(data);
}

/* A worker thread that is going away runs no JavaScript: then there is nobody left to answer. */
static void answer(struct call *call, const struct hashing *hashing) {
  napi_value done = NULL, global = NULL;
  napi_value made = make_hash(call, hashing);
  if (!call->failed) ok(call, napi_get_reference_value(call->env, hashing->done, &done));
  if (!call->failed) ok(call, napi_get_global(call->env, &global));
  if (!call->failed) napi_call_function(call->env, global, done, 1, &made, NULL);
}

static void finish_task(napi_env env, napi_status status, void *data) {
  struct hashing *hashing = data;
  struct call call = {.env = env, .verb = "cryptHashAsync"};
  if (status == napi_ok) answer(&call, hashing);
  napi_delete_reference(env, hashing->done);
  napi_delete_async_work(env, hashing->task);
  discard(hashing);
}

/* cryptHashAsync(key, setting, done): calls done(hash or undefined) later. */
napi_value crypt_hash_async(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "cryptHashAsync");
  napi_valuetype type = napi_undefined;
  ok(&call, napi_typeof(env, call.args[2], &type));
  if (type != napi_function) fail_type(&call, "the callback", "must be a function");
  struct hashing *hashing = read_hashing(&call);
  if (!hashing) return NULL;
  napi_value name = make_text(&call, "moat.cryptHash", NAPI_AUTO_LENGTH);
  if (!call.failed) ok(&call, napi_create_async_work(env, NULL, name, run_task, finish_task, hashing, &hashing->task));
  if (!call.failed) ok(&call, napi_create_reference(env, call.args[2], 1, &hashing->done));
  if (!call.failed) ok(&call, napi_queue_async_work(env, hashing->task));
  if (!call.failed) return make_undefined(&call);
  if (hashing->done) napi_delete_reference(env, hashing->done);
  if (hashing->task) napi_delete_async_work(env, hashing->task);
  discard(hashing);
  return NULL;
}
