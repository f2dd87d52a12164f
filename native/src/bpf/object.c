/* Objects: compiled BPF files become loaded programs and maps, which leave as plain descriptors; nothing of libbpf stays. */
#include "../call.h"
#include "verbs.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_MOST 512
#define LOG_BYTES (64 * 1024)
#define FIRST_FREE_FD 3

/* What libbpf and the verifier say while this thread loads: the end of it, where the reason stands. */
struct said {
  size_t length;
  char text[LOG_BYTES];
};
static _Thread_local struct said *said;

__attribute__((format(printf, 2, 0))) static int on_print(enum libbpf_print_level level, const char *format, va_list rest) {
  if (level == LIBBPF_DEBUG || !said) return 0;
  char *line = NULL;
  int length = vasprintf(&line, format, rest);
  if (length < 0) return 0;
  size_t take = (size_t)length < LOG_BYTES - 1 ? (size_t)length : LOG_BYTES - 1;
  if (said->length + take >= LOG_BYTES) {
    size_t keep = LOG_BYTES - 1 - take < said->length ? LOG_BYTES - 1 - take : said->length;
    memmove(said->text, said->text + said->length - keep, keep);
    said->length = keep;
  }
  memcpy(said->text + said->length, line + length - take, take);
  said->length += take;
  said->text[said->length] = '\0';
  free(line);
  return length;
}

static int int_option(struct call *call, napi_value options, const char *name, int fallback) {
  napi_value value = field(call, options, name);
  return (int)as_int_or(call, value, name, 0, INT32_MAX, fallback);
}

/* maps: {NAME: {maxEntries?, innerEntries?, fd?}}: sizes, or a map that stands already and is used again. */
static int shape_map(struct call *call, struct bpf_map *map, napi_value maps) {
  napi_value wish = field(call, maps, bpf_map__name(map));
  if (call->failed || !given(call, wish)) return 0;
  int entries = int_option(call, wish, "maxEntries", 0);
  int inner = int_option(call, wish, "innerEntries", 0);
  int fd = int_option(call, wish, "fd", -1);
  if (call->failed) return 0;
  if (entries > 0) {
    int error = bpf_map__set_max_entries(map, (uint32_t)entries);
    if (error) return error;
  }
  if (inner > 0) {
    struct bpf_map *meta = bpf_map__inner_map(map);
    int error = meta ? bpf_map__set_max_entries(meta, (uint32_t)inner) : -EINVAL;
    if (error) return error;
  }
  return fd >= 0 ? bpf_map__reuse_fd(map, fd) : 0;
}

static int shape(struct call *call, struct bpf_object *object, napi_value maps) {
  struct bpf_map *map;
  bpf_object__for_each_map(map, object) {
    int error = shape_map(call, map, maps);
    if (error || call->failed) return error;
  }
  return 0;
}

/* A descriptor that outlives the object, put into `into` under its name; on failure those put before stay open until closed. */
static void give(struct call *call, napi_value into, const char *name, int fd, int *given_fds, size_t *count, size_t most) {
  int copy = *count < most ? fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD) : -1;
  if (copy < 0) {
    fail_system(call, errno, "fcntl", "copy the descriptor of", name);
    return;
  }
  given_fds[(*count)++] = copy;
  put_number(call, into, name, copy);
}

#define FDS_MOST 128

static napi_value give_all(struct call *call, struct bpf_object *object) {
  int fds[FDS_MOST];
  size_t count = 0;
  napi_value maps = make_object(call), programs = make_object(call), made = make_object(call);
  struct bpf_map *map;
  bpf_object__for_each_map(map, object) {
    if (!call->failed && bpf_map__fd(map) >= 0) give(call, maps, bpf_map__name(map), bpf_map__fd(map), fds, &count, FDS_MOST);
  }
  struct bpf_program *program;
  bpf_object__for_each_program(program, object) {
    if (!call->failed && bpf_program__fd(program) >= 0) {
      give(call, programs, bpf_program__name(program), bpf_program__fd(program), fds, &count, FDS_MOST);
    }
  }
  put(call, made, "maps", maps);
  put(call, made, "programs", programs);
  if (call->failed) {
    while (count > 0) close(fds[--count]);
  }
  return made;
}

/* bpfLoad(path, maps) → {maps: {NAME: fd}, programs: {NAME: fd}}; the caller closes them. The error has the verifier's log. */
napi_value bpf_load(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "bpfLoad");
  char path[PATH_MOST];
  as_text(&call, call.args[0], "path", path, sizeof path);
  if (call.failed) return NULL;
  struct said *log = said = calloc(1, sizeof *said);
  libbpf_set_print(on_print);
  napi_value made = NULL;
  struct bpf_object *object = bpf_object__open(path);
  int error = object ? shape(&call, object, call.args[1]) : -errno;
  if (!error && !call.failed) error = bpf_object__load(object);
  if (error) fail_system_log(&call, -error, "bpf", "load", path, log ? log->text : NULL);
  if (!call.failed) made = give_all(&call, object);
  bpf_object__close(object);
  said = NULL;
  free(log);
  return call.failed ? NULL : made;
}

static napi_value members_of(struct call *call, const struct btf *btf, const struct btf_type *type) {
  napi_value made = make_object(call);
  const struct btf_member *member = btf_members(type);
  for (uint32_t at = 0; at < btf_vlen(type); at++, member++) {
    napi_value facts = make_object(call);
    put_number(call, facts, "offset", btf_member_bit_offset(type, at) / 8);
    put_number(call, facts, "size", (double)btf__resolve_size(btf, member->type));
    put(call, made, btf__name_by_offset(btf, member->name_off), facts);
  }
  return made;
}

/* bpfStructs(path) → {NAME: {size, members: {NAME: {offset, size}}}}: the layouts in the object's BTF, in bytes. */
napi_value bpf_structs(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "bpfStructs");
  char path[PATH_MOST];
  as_text(&call, call.args[0], "path", path, sizeof path);
  if (call.failed) return NULL;
  libbpf_set_print(on_print);
  struct btf *btf = btf__parse(path, NULL);
  if (!btf) {
    fail_system(&call, errno, "btf__parse", "read the types of", path);
    return NULL;
  }
  napi_value made = make_object(&call);
  for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
    const struct btf_type *type = btf__type_by_id(btf, id);
    const char *name = btf__name_by_offset(btf, type->name_off);
    if (!btf_is_struct(type) || !name[0]) continue;
    napi_value facts = make_object(&call);
    put_number(&call, facts, "size", type->size);
    put(&call, facts, "members", members_of(&call, btf, type));
    put(&call, made, name, facts);
  }
  btf__free(btf);
  return call.failed ? NULL : made;
}
