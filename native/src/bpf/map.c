/* Entries of maps. The kernel takes pointers and trusts their sizes, so each buffer is held against the map's own description first. */
#include "../call.h"
#include "verbs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAME_MOST 64
#define BATCH_MOST (1u << 20)

struct map {
  int fd;
  size_t key, value; /* bytes of each, as they cross between kernel and program */
  char name[NAME_MOST];
};

/* A batch of a hash map goes on from a bucket number, whatever the size of its keys. */
static size_t cursor_bytes(const struct map *map) { return map->key > sizeof(uint32_t) ? map->key : sizeof(uint32_t); }

static bool per_cpu(uint32_t type) {
  return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
         type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

static struct map as_map(struct call *call) {
  struct map map = {.fd = as_fd(call, call->args[0])};
  if (call->failed) return map;
  struct bpf_map_info facts = {0};
  uint32_t size = sizeof facts;
  int error = bpf_obj_get_info_by_fd(map.fd, &facts, &size) < 0 ? errno : 0;
  snprintf(map.name, sizeof map.name, "map %.16s (descriptor %d)", facts.name, map.fd);
  if (error) fail_system(call, error, "bpf", "describe", map.name);
  map.key = facts.key_size;
  map.value = facts.value_size;
  if (per_cpu(facts.type)) map.value = ((map.value + 7) & ~(size_t)7) * (size_t)libbpf_num_possible_cpus();
  return map;
}

static uint8_t *as_exactly(struct call *call, napi_value value, const char *name, size_t bytes) {
  uint8_t *found = NULL;
  size_t length = 0;
  as_bytes(call, value, name, &found, &length);
  if (call->failed || length == bytes) return found;
  char must[64];
  snprintf(must, sizeof must, "must be %zu bytes long, not %zu", bytes, length);
  fail_type(call, name, must);
  return NULL;
}

/* How many entries of `bytes` fill the buffer. */
static uint8_t *as_entries(struct call *call, napi_value value, const char *name, size_t bytes, uint32_t *count) {
  uint8_t *found = NULL;
  size_t length = 0;
  as_bytes(call, value, name, &found, &length);
  *count = bytes > 0 ? (uint32_t)(length / bytes) : 0;
  if (!call->failed && (bytes == 0 || length % bytes != 0 || length / bytes > BATCH_MOST)) {
    fail_type(call, name, "must hold whole entries");
  }
  return found;
}

/* mapCreate({type, name, keyBytes, valueBytes, maxEntries, flags?}) → descriptor */
napi_value map_create(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "mapCreate");
  napi_value options = call.args[0];
  char name[BPF_OBJ_NAME_LEN];
  as_text(&call, field(&call, options, "name"), "name", name, sizeof name);
  int64_t type = as_int(&call, field(&call, options, "type"), "type", 1, 64);
  int64_t key = as_int(&call, field(&call, options, "keyBytes"), "keyBytes", 0, 1024);
  int64_t value = as_int(&call, field(&call, options, "valueBytes"), "valueBytes", 0, 1 << 20);
  int64_t entries = as_int(&call, field(&call, options, "maxEntries"), "maxEntries", 1, INT32_MAX);
  int64_t flags = as_int_or(&call, field(&call, options, "flags"), "flags", 0, INT32_MAX, 0);
  if (call.failed) return NULL;
  LIBBPF_OPTS(bpf_map_create_opts, extra, .map_flags = (uint32_t)flags);
  int fd = bpf_map_create((enum bpf_map_type)type, name, (uint32_t)key, (uint32_t)value, (uint32_t)entries, &extra);
  if (fd < 0) fail_system(&call, errno, "bpf", "create map", name);
  return make_number(&call, fd);
}

/* Whether an entry was there, from what a call said of it; any other fault is thrown. */
static napi_value make_found(struct call *call, const struct map *map, int error, const char *doing) {
  if (error && errno != ENOENT) fail_system(call, errno, "bpf", doing, map->name);
  napi_value made = NULL;
  if (!call->failed) ok(call, napi_get_boolean(call->env, error == 0, &made));
  return made;
}

/* mapGet(fd, key, value) → whether there was one; `value` is filled. */
napi_value map_get(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "mapGet");
  struct map map = as_map(&call);
  uint8_t *key = as_exactly(&call, call.args[1], "key", map.key);
  uint8_t *value = as_exactly(&call, call.args[2], "value", map.value);
  if (call.failed) return NULL;
  return make_found(&call, &map, bpf_map_lookup_elem(map.fd, key, value), "read an entry of");
}

/* mapPut(fd, key, value, flags): flags 0 = any, 1 = only new, 2 = only existing */
napi_value map_put(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "mapPut");
  struct map map = as_map(&call);
  uint8_t *key = as_exactly(&call, call.args[1], "key", map.key);
  uint8_t *value = as_exactly(&call, call.args[2], "value", map.value);
  int64_t flags = as_int_or(&call, call.args[3], "flags", 0, 2, 0);
  if (call.failed) return NULL;
  if (bpf_map_update_elem(map.fd, key, value, (uint64_t)flags) < 0) {
    fail_system(&call, errno, "bpf", "write an entry of", map.name);
  }
  return make_undefined(&call);
}

/* mapDelete(fd, key) → whether there was one */
napi_value map_delete(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "mapDelete");
  struct map map = as_map(&call);
  uint8_t *key = as_exactly(&call, call.args[1], "key", map.key);
  if (call.failed) return NULL;
  return make_found(&call, &map, bpf_map_delete_elem(map.fd, key), "delete an entry of");
}

/* mapNext(fd, key or undefined, next) → whether there is one; `next` is filled. */
napi_value map_next(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "mapNext");
  struct map map = as_map(&call);
  uint8_t *key = given(&call, call.args[1]) ? as_exactly(&call, call.args[1], "key", map.key) : NULL;
  uint8_t *next = as_exactly(&call, call.args[2], "next", map.key);
  if (call.failed) return NULL;
  return make_found(&call, &map, bpf_map_get_next_key(map.fd, key, next), "walk");
}

/* mapGetBatch(fd, cursor, first, keys, values) → entries read, or -1 - entries when they were the last. The cursor is moved.
 * ENOSPC: a bucket of a hash map holds more than the buffers do. */
napi_value map_get_batch(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "mapGetBatch");
  struct map map = as_map(&call);
  uint8_t *cursor = as_exactly(&call, call.args[1], "cursor", cursor_bytes(&map));
  bool first = as_bool_or(&call, call.args[2], "first", true);
  uint32_t count = 0, values_count = 0;
  uint8_t *keys = as_entries(&call, call.args[3], "keys", map.key, &count);
  uint8_t *values = as_entries(&call, call.args[4], "values", map.value, &values_count);
  if (!call.failed && count != values_count) fail_type(&call, "values", "must hold as many entries as keys");
  if (call.failed) return NULL;
  int error = bpf_map_lookup_batch(map.fd, first ? NULL : cursor, cursor, keys, values, &count, NULL) < 0 ? errno : 0;
  if (error && error != ENOENT) fail_system(&call, error, "bpf", "read entries of", map.name);
  return make_number(&call, error ? -1 - (double)count : count);
}

/* mapPutBatch(fd, keys, values, flags) */
napi_value map_put_batch(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "mapPutBatch");
  struct map map = as_map(&call);
  uint32_t count = 0, values_count = 0;
  uint8_t *keys = as_entries(&call, call.args[1], "keys", map.key, &count);
  uint8_t *values = as_entries(&call, call.args[2], "values", map.value, &values_count);
  int64_t flags = as_int_or(&call, call.args[3], "flags", 0, 2, 0);
  if (!call.failed && count != values_count) fail_type(&call, "values", "must hold as many entries as keys");
  LIBBPF_OPTS(bpf_map_batch_opts, extra, .elem_flags = (uint64_t)flags);
  if (call.failed) return NULL;
  if (count > 0 && bpf_map_update_batch(map.fd, keys, values, &count, &extra) < 0) {
    fail_system(&call, errno, "bpf", "write entries of", map.name);
  }
  return make_undefined(&call);
}

/* mapDeleteBatch(fd, keys) → how many were deleted before one was missing */
napi_value map_delete_batch(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "mapDeleteBatch");
  struct map map = as_map(&call);
  uint32_t count = 0;
  uint8_t *keys = as_entries(&call, call.args[1], "keys", map.key, &count);
  if (call.failed) return NULL;
  if (count > 0 && bpf_map_delete_batch(map.fd, keys, &count, NULL) < 0 && errno != ENOENT) {
    fail_system(&call, errno, "bpf", "delete entries of", map.name);
  }
  return make_number(&call, count);
}
