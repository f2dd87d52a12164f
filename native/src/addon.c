/* The door of the addon: the table of verbs that JavaScript sees. The one state that threads share is the session caches
 * of TLS, behind locks; so any number of worker threads may load it. */
#include "call.h"
#include "verbs.h"

#define VERB(name, function) {name, NULL, function, NULL, NULL, NULL, napi_enumerable, NULL}

static const napi_property_descriptor VERBS[] = {
    VERB("bindTcp", bind_tcp),
    VERB("listenTcp", listen_tcp),
    VERB("listenUnix", listen_unix),
    VERB("listenFd", listen_fd),
    VERB("tuneListener", tune_listener),
    VERB("outgoingSocket", outgoing_socket),
    VERB("connectDatagram", connect_datagram),
    VERB("rawSocket", raw_socket),
    VERB("rawSend", raw_send),
    VERB("rawReceive", raw_receive),
    VERB("packetSocket", packet_socket),
    VERB("markedSocket", marked_socket),
    VERB("dupFd", dup_fd),
    VERB("closeFd", close_fd),
    VERB("setCloexec", set_cloexec),
    VERB("localAddress", local_address),
    VERB("tcpInfo", tcp_information),
    VERB("socketPair", socket_pair),
    VERB("sendFds", send_fds),
    VERB("receiveFds", receive_fds),
    VERB("fdLimit", fd_limit),
    VERB("setFdLimit", set_fd_limit),
    VERB("userIds", user_ids),
    VERB("groupId", group_id),
    VERB("holdCapabilities", hold_capabilities),
    VERB("takeCapabilities", take_capabilities),
    VERB("setIdentity", set_identity),
    VERB("cryptHash", crypt_hash),
    VERB("cryptHashAsync", crypt_hash_async),
    VERB("hostAddresses", host_addresses),
    VERB("readCached", read_cached),
    VERB("netlinkAsk", netlink_ask),
    VERB("netlinkListen", netlink_listen),
    VERB("netlinkDrain", netlink_drain),
    VERB("groupSocket", group_socket),
    VERB("groupSend", group_send),
    VERB("groupReceive", group_receive),
    VERB("linkSocket", link_socket),
    VERB("linkSend", link_send),
    VERB("watchFd", watch_fd),
    VERB("unwatchFd", unwatch_fd),
    VERB("setRealtime", set_realtime),
    VERB("lockMemory", lock_memory),
    VERB("streamOpen", stream_open),
    VERB("streamListen", stream_listen),
    VERB("streamConnect", stream_connect),
    VERB("streamFlush", stream_flush),
    VERB("streamSend", stream_send),
    VERB("streamClose", stream_close),
    VERB("streamRead", stream_read),
    VERB("streamFd", stream_fd),
    VERB("streamCount", stream_count),
    VERB("streamTls", stream_tls),
    VERB("streamTlsFact", stream_tls_fact),
    VERB("streamTlsChain", stream_tls_chain),
    VERB("tlsContext", tls_context),
    VERB("tlsTickets", tls_tickets),
    VERB("tlsStaple", tls_staple),
    VERB("tlsCertificate", tls_certificate),
    VERB("ocspRequest", ocsp_request),
    VERB("ocspVerdict", ocsp_verdict),
#ifdef MOAT_PROBES
    VERB("probeLeak", probe_leak),
    VERB("probeOverflow", probe_overflow),
#endif
};

NAPI_MODULE_INIT() {
  if (napi_define_properties(env, exports, sizeof VERBS / sizeof VERBS[0], VERBS) != napi_ok) return NULL;
  return exports;
}
