/* The door of the BPF addon: an addon of its own, since it needs libbpf and nothing else of moat does. */
#include "../call.h"
#include "verbs.h"

#include <bpf/libbpf.h>

#define VERB(name, function) {name, NULL, function, NULL, NULL, NULL, napi_enumerable, NULL}

static const napi_property_descriptor VERBS[] = {
    VERB("bpfLoad", bpf_load),
    VERB("bpfStructs", bpf_structs),
    VERB("bpfPin", bpf_pin),
    VERB("bpfGet", bpf_get),
    VERB("bpfDescribeMap", bpf_describe_map),
    VERB("bpfDescribeProgram", bpf_describe_program),
    VERB("bpfMapsOf", bpf_maps_of),
    VERB("mapCreate", map_create),
    VERB("mapGet", map_get),
    VERB("mapPut", map_put),
    VERB("mapDelete", map_delete),
    VERB("mapNext", map_next),
    VERB("mapGetBatch", map_get_batch),
    VERB("mapPutBatch", map_put_batch),
    VERB("mapDeleteBatch", map_delete_batch),
    VERB("xdpAttach", xdp_attach),
    VERB("xdpQuery", xdp_query),
    VERB("tcAttach", tc_attach),
    VERB("tcDetach", tc_detach),
    VERB("tcQuery", tc_query),
    VERB("programRun", program_run),
    VERB("ringOpen", ring_open),
};

NAPI_MODULE_INIT() {
  libbpf_set_print(NULL); /* what fails is told by whoever asked for it; a load hears what libbpf says, and gives it with its error */
  if (napi_define_properties(env, exports, sizeof VERBS / sizeof VERBS[0], VERBS) != napi_ok) return NULL;
  return exports;
}
