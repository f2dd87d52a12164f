/* Programs on interfaces: XDP (in the driver or generic) and tc's clsact hooks. Interfaces are named, and may be gone at any time. */
#include "../call.h"
#include "verbs.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

static int as_interface(struct call *call, char name[IF_NAMESIZE]) {
  as_text(call, call->args[0], "interface", name, IF_NAMESIZE);
  if (call->failed) return 0;
  unsigned index = if_nametoindex(name);
  if (index == 0) fail_system(call, errno, "if_nametoindex", "find interface", name);
  return (int)index;
}

/* xdpAttach(interface, program or undefined, mode, was?): mode "driver" or "generic"; without a program what is there is taken off.
 * was: the program that must be there now, or the call fails. */
napi_value xdp_attach(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "xdpAttach");
  char name[IF_NAMESIZE], mode[16];
  int index = as_interface(&call, name);
  int fd = given(&call, call.args[1]) ? as_fd(&call, call.args[1]) : -1;
  as_text(&call, call.args[2], "mode", mode, sizeof mode);
  int was = given(&call, call.args[3]) ? as_fd(&call, call.args[3]) : -1;
  bool driver = strcmp(mode, "driver") == 0;
  if (!call.failed && !driver && strcmp(mode, "generic") != 0) fail_type(&call, "mode", "must be 'driver' or 'generic'");
  if (call.failed) return NULL;
  LIBBPF_OPTS(bpf_xdp_attach_opts, extra, .old_prog_fd = was);
  uint32_t flags = driver ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
  if (was >= 0) flags |= XDP_FLAGS_REPLACE;
  int error = bpf_xdp_attach(index, fd, flags, was >= 0 ? &extra : NULL);
  if (error) fail_system(&call, -error, "netlink", fd < 0 ? "take the XDP program off" : "attach an XDP program to", name);
  return make_undefined(&call);
}

/* xdpQuery(interface) → {driver, generic, offload}: ids of the programs there, 0 for none */
napi_value xdp_query(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "xdpQuery");
  char name[IF_NAMESIZE];
  int index = as_interface(&call, name);
  if (call.failed) return NULL;
  LIBBPF_OPTS(bpf_xdp_query_opts, found);
  int error = bpf_xdp_query(index, 0, &found);
  if (error) fail_system(&call, -error, "netlink", "ask about XDP on", name);
  napi_value made = make_object(&call);
  put_number(&call, made, "driver", found.drv_prog_id);
  put_number(&call, made, "generic", found.skb_prog_id);
  put_number(&call, made, "offload", found.hw_prog_id);
  return call.failed ? NULL : made;
}

static enum bpf_tc_attach_point as_point(struct call *call, napi_value value) {
  char point[16];
  as_text(call, value, "point", point, sizeof point);
  if (strcmp(point, "ingress") == 0) return BPF_TC_INGRESS;
  if (strcmp(point, "egress") != 0) fail_type(call, "point", "must be 'ingress' or 'egress'");
  return BPF_TC_EGRESS;
}

/* tcAttach(interface, point, program, priority): in the place of what has that priority, or beside what has another */
napi_value tc_attach(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "tcAttach");
  char name[IF_NAMESIZE];
  LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = as_interface(&call, name));
  hook.attach_point = as_point(&call, call.args[1]);
  int fd = as_fd(&call, call.args[2]);
  int64_t priority = as_int(&call, call.args[3], "priority", 1, UINT16_MAX);
  if (call.failed) return NULL;
  int error = bpf_tc_hook_create(&hook);
  if (error && error != -EEXIST) {
    fail_system(&call, -error, "netlink", "make the clsact hooks of", name);
    return NULL;
  }
  LIBBPF_OPTS(bpf_tc_opts, extra, .handle = 1, .priority = (uint32_t)priority, .prog_fd = fd, .flags = BPF_TC_F_REPLACE);
  error = bpf_tc_attach(&hook, &extra);
  if (error) fail_system(&call, -error, "netlink", "attach a tc program to", name);
  return make_undefined(&call);
}

/* tcDetach(interface, point, priority) → whether there was one */
napi_value tc_detach(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "tcDetach");
  char name[IF_NAMESIZE];
  LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = as_interface(&call, name));
  hook.attach_point = as_point(&call, call.args[1]);
  int64_t priority = as_int(&call, call.args[2], "priority", 1, UINT16_MAX);
  if (call.failed) return NULL;
  LIBBPF_OPTS(bpf_tc_opts, extra, .handle = 1, .priority = (uint32_t)priority);
  int error = bpf_tc_detach(&hook, &extra);
  /* EINVAL: there is no clsact at all. */
  if (error && error != -ENOENT && error != -EINVAL) fail_system(&call, -error, "netlink", "take the tc program off", name);
  napi_value made = NULL;
  if (!call.failed) ok(&call, napi_get_boolean(env, error == 0, &made));
  return made;
}

/* tcQuery(interface, point, priority) → id of the program there, 0 for none */
napi_value tc_query(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "tcQuery");
  char name[IF_NAMESIZE];
  LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = as_interface(&call, name));
  hook.attach_point = as_point(&call, call.args[1]);
  int64_t priority = as_int(&call, call.args[2], "priority", 1, UINT16_MAX);
  if (call.failed) return NULL;
  LIBBPF_OPTS(bpf_tc_opts, found, .handle = 1, .priority = (uint32_t)priority);
  int error = bpf_tc_query(&hook, &found);
  if (error && error != -ENOENT && error != -EINVAL) fail_system(&call, -error, "netlink", "ask about tc on", name);
  return make_number(&call, error ? 0 : found.prog_id);
}
