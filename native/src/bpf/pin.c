/* Names in a bpffs, by which programs and maps outlive the process that loaded them; what a descriptor is, and what a program uses. */
#include "../call.h"
#include "verbs.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_MOST 512

napi_value bpf_pin(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "bpfPin");
  char path[PATH_MOST];
  int fd = as_fd(&call, call.args[0]);
  as_text(&call, call.args[1], "path", path, sizeof path);
  if (call.failed) return NULL;
  if (bpf_obj_pin(fd, path) < 0) fail_system(&call, errno, "bpf", "pin", path);
  return make_undefined(&call);
}

/* bpfGet(path) → descriptor */
napi_value bpf_get(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "bpfGet");
  char path[PATH_MOST];
  as_text(&call, call.args[0], "path", path, sizeof path);
  if (call.failed) return NULL;
  int fd = bpf_obj_get(path);
  if (fd < 0) fail_system(&call, errno, "bpf", "get the pinned", path);
  return make_number(&call, fd);
}

static void fail_describe(struct call *call, int fd) {
  char object[32];
  snprintf(object, sizeof object, "descriptor %d", fd);
  fail_system(call, errno, "bpf", "describe", object);
}

napi_value bpf_describe_map(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "bpfDescribeMap");
  int fd = as_fd(&call, call.args[0]);
  if (call.failed) return NULL;
  struct bpf_map_info map = {0};
  uint32_t size = sizeof map;
  if (bpf_obj_get_info_by_fd(fd, &map, &size) < 0) fail_describe(&call, fd);
  napi_value made = make_object(&call);
  put(&call, made, "name", make_text(&call, map.name, strnlen(map.name, sizeof map.name)));
  put_number(&call, made, "id", map.id);
  put_number(&call, made, "type", map.type);
  put_number(&call, made, "keyBytes", map.key_size);
  put_number(&call, made, "valueBytes", map.value_size);
  put_number(&call, made, "maxEntries", map.max_entries);
  put_number(&call, made, "flags", map.map_flags);
  return call.failed ? NULL : made;
}

napi_value bpf_describe_program(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "bpfDescribeProgram");
  int fd = as_fd(&call, call.args[0]);
  if (call.failed) return NULL;
  struct bpf_prog_info program = {0};
  uint32_t size = sizeof program;
  if (bpf_obj_get_info_by_fd(fd, &program, &size) < 0) fail_describe(&call, fd);
  char tag[2 * sizeof program.tag + 1];
  for (size_t at = 0; at < sizeof program.tag; at++) snprintf(tag + 2 * at, 3, "%02x", program.tag[at]);
  napi_value made = make_object(&call);
  put(&call, made, "name", make_text(&call, program.name, strnlen(program.name, sizeof program.name)));
  put(&call, made, "tag", make_text(&call, tag, strlen(tag)));
  put_number(&call, made, "id", program.id);
  put_number(&call, made, "type", program.type);
  return call.failed ? NULL : made;
}

#define MAPS_MOST 64

static void put_map(struct call *call, napi_value into, uint32_t id) {
  struct bpf_map_info map = {0};
  uint32_t size = sizeof map;
  int fd = bpf_map_get_fd_by_id(id);
  if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &map, &size) == 0) {
    put_number(call, into, map.name, fd);
    return;
  }
  fail_describe(call, fd);
  if (fd >= 0) close(fd);
}

/* bpfMapsOf(id of a program) → {NAME: fd}, which the caller closes; the kernel keeps 15 letters of a name */
napi_value bpf_maps_of(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "bpfMapsOf");
  int64_t id = as_int(&call, call.args[0], "id", 1, UINT32_MAX);
  if (call.failed) return NULL;
  uint32_t ids[MAPS_MOST];
  struct bpf_prog_info program = {.map_ids = (uint64_t)(uintptr_t)ids, .nr_map_ids = MAPS_MOST};
  uint32_t size = sizeof program;
  int fd = bpf_prog_get_fd_by_id((uint32_t)id);
  if (fd < 0 || bpf_obj_get_info_by_fd(fd, &program, &size) < 0) fail_describe(&call, fd);
  if (fd >= 0) close(fd);
  napi_value made = make_object(&call);
  for (uint32_t at = 0; !call.failed && at < program.nr_map_ids && at < MAPS_MOST; at++) put_map(&call, made, ids[at]);
  return call.failed ? NULL : made;
}
