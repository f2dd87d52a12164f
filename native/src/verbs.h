/* The verbs of the addon, by the file that holds them. addon.c gives each its name in JavaScript. */
#ifndef MOAT_VERBS_H
#define MOAT_VERBS_H

#include <node_api.h>

/* listen.c */
napi_value bind_tcp(napi_env env, napi_callback_info info);
napi_value bind_udp(napi_env env, napi_callback_info info);
napi_value listen_tcp(napi_env env, napi_callback_info info);
napi_value listen_unix(napi_env env, napi_callback_info info);
napi_value listen_fd(napi_env env, napi_callback_info info);
napi_value tune_listener(napi_env env, napi_callback_info info);
napi_value outgoing_socket(napi_env env, napi_callback_info info);

/* steer.c */
napi_value steer_group(napi_env env, napi_callback_info info);
napi_value unsteer_group(napi_env env, napi_callback_info info);

/* datagram.c */
napi_value connect_datagram(napi_env env, napi_callback_info info);

/* raw.c */
napi_value raw_socket(napi_env env, napi_callback_info info);
napi_value raw_send(napi_env env, napi_callback_info info);
napi_value raw_receive(napi_env env, napi_callback_info info);

/* marked.c */
napi_value marked_socket(napi_env env, napi_callback_info info);

/* packet.c */
napi_value packet_socket(napi_env env, napi_callback_info info);

/* descriptor.c */
napi_value dup_fd(napi_env env, napi_callback_info info);
napi_value close_fd(napi_env env, napi_callback_info info);
napi_value set_cloexec(napi_env env, napi_callback_info info);
napi_value local_address(napi_env env, napi_callback_info info);
napi_value tcp_information(napi_env env, napi_callback_info info);

/* netlink.c */
napi_value netlink_ask(napi_env env, napi_callback_info info);
napi_value netlink_listen(napi_env env, napi_callback_info info);
napi_value netlink_drain(napi_env env, napi_callback_info info);

/* group.c */
napi_value group_socket(napi_env env, napi_callback_info info);
napi_value group_send(napi_env env, napi_callback_info info);
napi_value group_receive(napi_env env, napi_callback_info info);

/* link.c */
napi_value link_socket(napi_env env, napi_callback_info info);
napi_value link_send(napi_env env, napi_callback_info info);

/* watch.c */
napi_value watch_fd(napi_env env, napi_callback_info info);
napi_value unwatch_fd(napi_env env, napi_callback_info info);

/* life.c */
napi_value life_make(napi_env env, napi_callback_info info);
napi_value life_hold(napi_env env, napi_callback_info info);
napi_value life_leave(napi_env env, napi_callback_info info);
napi_value life_watch(napi_env env, napi_callback_info info);
napi_value life_will(napi_env env, napi_callback_info info);
napi_value life_end(napi_env env, napi_callback_info info);

/* realtime.c */
napi_value set_realtime(napi_env env, napi_callback_info info);
napi_value lock_memory(napi_env env, napi_callback_info info);

/* passing.c */
napi_value socket_pair(napi_env env, napi_callback_info info);
napi_value send_fds(napi_env env, napi_callback_info info);
napi_value receive_fds(napi_env env, napi_callback_info info);

/* identity.c */
napi_value fd_limit(napi_env env, napi_callback_info info);
napi_value set_fd_limit(napi_env env, napi_callback_info info);
napi_value user_ids(napi_env env, napi_callback_info info);
napi_value group_id(napi_env env, napi_callback_info info);
napi_value hold_capabilities(napi_env env, napi_callback_info info);
napi_value take_capabilities(napi_env env, napi_callback_info info);
napi_value set_identity(napi_env env, napi_callback_info info);

/* crypt.c */
napi_value crypt_hash(napi_env env, napi_callback_info info);
napi_value crypt_hash_async(napi_env env, napi_callback_info info);

/* host.c */
napi_value host_addresses(napi_env env, napi_callback_info info);

/* file.c */
napi_value read_cached(napi_env env, napi_callback_info info);

/* stream_loop.c */
napi_value stream_open(napi_env env, napi_callback_info info);
napi_value stream_listen(napi_env env, napi_callback_info info);
napi_value stream_connect(napi_env env, napi_callback_info info);
napi_value stream_flush(napi_env env, napi_callback_info info);
napi_value stream_send(napi_env env, napi_callback_info info);
napi_value stream_close(napi_env env, napi_callback_info info);
napi_value stream_read(napi_env env, napi_callback_info info);
napi_value stream_fd(napi_env env, napi_callback_info info);
napi_value stream_count(napi_env env, napi_callback_info info);
napi_value stream_tls(napi_env env, napi_callback_info info);
napi_value stream_tls_fact(napi_env env, napi_callback_info info);
napi_value stream_tls_chain(napi_env env, napi_callback_info info);

/* tls_context.c */
napi_value tls_context(napi_env env, napi_callback_info info);
napi_value tls_tickets(napi_env env, napi_callback_info info);
napi_value tls_staple(napi_env env, napi_callback_info info);
napi_value tls_certificate(napi_env env, napi_callback_info info);

/* ocsp.c */
napi_value ocsp_request(napi_env env, napi_callback_info info);
napi_value ocsp_verdict(napi_env env, napi_callback_info info);

/* probe.c: only in the sanitizer variant */
napi_value probe_leak(napi_env env, napi_callback_info info);
napi_value probe_overflow(napi_env env, napi_callback_info info);

#endif
