/* The verbs of the BPF addon, by the file that holds them. addon.c gives each its name in JavaScript. */
#ifndef MOAT_BPF_VERBS_H
#define MOAT_BPF_VERBS_H

#include <node_api.h>

/* object.c */
napi_value bpf_load(napi_env env, napi_callback_info info);
napi_value bpf_structs(napi_env env, napi_callback_info info);

/* pin.c */
napi_value bpf_pin(napi_env env, napi_callback_info info);
napi_value bpf_get(napi_env env, napi_callback_info info);
napi_value bpf_describe_map(napi_env env, napi_callback_info info);
napi_value bpf_describe_program(napi_env env, napi_callback_info info);
napi_value bpf_maps_of(napi_env env, napi_callback_info info);

/* map.c */
napi_value map_create(napi_env env, napi_callback_info info);
napi_value map_get(napi_env env, napi_callback_info info);
napi_value map_put(napi_env env, napi_callback_info info);
napi_value map_delete(napi_env env, napi_callback_info info);
napi_value map_next(napi_env env, napi_callback_info info);
napi_value map_get_batch(napi_env env, napi_callback_info info);
napi_value map_put_batch(napi_env env, napi_callback_info info);
napi_value map_delete_batch(napi_env env, napi_callback_info info);

/* attach.c */
napi_value xdp_attach(napi_env env, napi_callback_info info);
napi_value xdp_query(napi_env env, napi_callback_info info);
napi_value tc_attach(napi_env env, napi_callback_info info);
napi_value tc_detach(napi_env env, napi_callback_info info);
napi_value tc_query(napi_env env, napi_callback_info info);

/* run.c */
napi_value program_run(napi_env env, napi_callback_info info);

/* ring.c */
napi_value ring_open(napi_env env, napi_callback_info info);

#endif
