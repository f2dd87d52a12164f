/* TLS on a stream: what comes is decrypted into the arena, what goes is gathered and leaves with one system call. */
#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define IN_BYTES 65536
#define OUT_BYTES 73728 /* four records and their headers */
#define EARLY_MOST 16384
#define NOTE_BYTES 1024 /* of the arena, kept free for the texts of one event */

/* The bytes between a socket and OpenSSL, for the one stream of the set that is being worked on. */
struct tls_io {
  struct streams *set;
  int32_t id;
  const uint8_t *in;
  size_t in_bytes;
  size_t out_bytes;
  int error; /* errno of a send */
  uint8_t received[IN_BYTES];
  uint8_t out[OUT_BYTES];
};

/* ---- the BIO: OpenSSL never sees a socket ---- */

static int io_read(BIO *bio, char *out, size_t size, size_t *got) {
  struct tls_io *io = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  *got = io->in_bytes < size ? io->in_bytes : size;
  if (*got == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  memcpy(out, io->in, *got);
  io->in += *got;
  io->in_bytes -= *got;
  return 1;
}

static int64_t io_flush(struct tls_io *io) {
  size_t bytes = io->out_bytes;
  io->out_bytes = 0;
  int64_t waiting = bytes ? streams_send_raw(io->set, io->id, io->out, bytes) : 0;
  if (waiting < 0 && io->error == 0) io->error = (int)-waiting;
  return waiting;
}

static int io_write(BIO *bio, const char *bytes, size_t size, size_t *written) {
  struct tls_io *io = BIO_get_data(bio);
  for (size_t at = 0; at < size;) {
    if (io->out_bytes == OUT_BYTES) io_flush(io);
    size_t room = OUT_BYTES - io->out_bytes, part = size - at < room ? size - at : room;
    memcpy(io->out + io->out_bytes, bytes + at, part);
    io->out_bytes += part;
    at += part;
  }
  *written = size;
  return 1;
}

static long io_control(BIO *bio, int command, long number, void *pointer) {
  (void)bio, (void)number, (void)pointer;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *new_method(void) {
  BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "moat stream");
  if (!method) return NULL;
  BIO_meth_set_read_ex(method, io_read);
  BIO_meth_set_write_ex(method, io_write);
  BIO_meth_set_ctrl(method, io_control);
  return method;
}

static bool prepare(struct streams *set) {
  if (!set->tls_method) set->tls_method = new_method();
  if (!set->tls_io && set->tls_method) {
    set->tls_io = calloc(1, sizeof *set->tls_io);
    if (set->tls_io) set->tls_io->set = set;
  }
  return set->tls_io != NULL;
}

void tls_end_set(struct streams *set) {
  BIO_meth_free(set->tls_method);
  free(set->tls_io);
}

static struct tls_io *io_of(struct streams *set, int32_t id, const uint8_t *in, size_t bytes) {
  struct tls_io *io = set->tls_io;
  io->id = id;
  io->in = in;
  io->in_bytes = bytes;
  io->error = 0;
  ERR_clear_error(); /* what Node's own use of OpenSSL left behind is not ours */
  return io;
}

/* ---- beginning and end ---- */

void tls_free(struct tls *tls) {
  if (!tls) return;
  /* A session may be resumed although its connection was cut: without this OpenSSL forgets it. */
  if (tls->phase == TLS_OPEN) SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(tls->ssl);
  free(tls->held);
  free(tls->name);
  free(tls);
}

static struct tls *new_tls(struct streams *set, struct tls_context *context) {
  struct tls *tls = calloc(1, sizeof *tls);
  BIO *bio = tls ? BIO_new(set->tls_method) : NULL;
  if (bio) tls->ssl = SSL_new(context->ctx);
  if (!bio || !tls->ssl) {
    BIO_free(bio);
    free(tls);
    return NULL;
  }
  tls->phase = context->early ? TLS_EARLY : TLS_SHAKING;
  BIO_set_data(bio, set->tls_io);
  BIO_set_init(bio, 1);
  SSL_set_bio(tls->ssl, bio, bio);
  if (context->server) SSL_set_accept_state(tls->ssl);
  else SSL_set_connect_state(tls->ssl);
  return tls;
}

static bool hold(struct tls *tls, const uint8_t *bytes, size_t length) {
  uint8_t *held = length ? malloc(length) : NULL;
  if (length && !held) return false;
  if (held) memcpy(held, bytes, length);
  free(tls->held);
  tls->held = held;
  tls->held_bytes = length;
  return true;
}

/* Work that waits for no byte is done when the socket can be written to, which is soon, and in turn with all others. */
static void ask_again(struct streams *set, int32_t id, struct tls *tls) {
  tls->again = true;
  streams_want(set, id, set->all[id].interest | EPOLLOUT);
}

int tls_begin(struct streams *set, int32_t id, struct tls_context *context, const uint8_t *first, size_t bytes) {
  struct stream *stream = streams_get(set, id);
  if (!stream || stream->state != STREAM_OPEN || stream->tls) return -EBADF;
  if (!prepare(set)) return -ENOMEM;
  struct tls *tls = new_tls(set, context);
  if (!tls || !hold(tls, first, bytes)) {
    tls_free(tls);
    return -ENOMEM;
  }
  stream->tls = tls;
  ask_again(set, id, tls);
  return 0;
}

bool tls_expect(struct tls *tls, const char *name, bool tell, int32_t slot, bool fresh) {
  struct tls_context *context = tls_context_of(tls->ssl);
  tls->name = strdup(name);
  if (!tls->name) return false;
  if (tell && SSL_set_tlsext_host_name(tls->ssl, name) != 1) return false;
  if (slot < 0 || slot >= context->kept_size) return true;
  SSL_set_app_data(tls->ssl, (void *)(intptr_t)(slot + 1));
  SSL_SESSION **kept = &context->kept[slot];
  if (fresh) {
    SSL_SESSION_free(*kept);
    *kept = NULL;
  } else if (*kept && SSL_SESSION_is_resumable(*kept)) {
    SSL_set_session(tls->ssl, *kept);
  }
  return true;
}

bool tls_puts_off(const struct tls *tls) { return tls->again; }

struct tls *tls_of(struct streams *set, int32_t id) { return id >= 0 && id < set->count ? set->all[id].tls : NULL; }

/* ---- what is told ---- */

static size_t room_in(const struct batch *batch) { return batch->set->arena_size - batch->used; }

/* Puts a text into the arena and into two numbers of an event. */
static void put_text(struct batch *batch, int32_t *at, const void *text, size_t bytes) {
  if (bytes > room_in(batch)) bytes = room_in(batch);
  memcpy(batch->set->arena + batch->used, text, bytes);
  at[0] = (int32_t)batch->used;
  at[1] = (int32_t)bytes;
  batch->used += bytes;
}

static void fault(struct batch *batch, int32_t id, const char *text) {
  put_text(batch, streams_emit(batch, EVENT_FAULT, id) + 2, text, strlen(text));
  streams_emit_closed(batch, id, EPROTO);
}

/* A fault that OpenSSL found: the alert about it, if there is one, is sent before the end. */
static void openssl_fault(struct batch *batch, int32_t id, const char *what) {
  char reason[REASON_BYTES], text[REASON_BYTES + 64];
  tls_reason(reason);
  snprintf(text, sizeof text, reason[0] ? "%s failed (SSL: %s)" : "%s failed", what, reason);
  batch->set->all[id].tls->phase = TLS_BROKEN;
  fault(batch, id, text);
}

static void ended(struct batch *batch, int32_t id) {
  struct stream *stream = &batch->set->all[id];
  if (stream->tls->phase <= TLS_SHAKING && !stream->tls->told) return fault(batch, id, "peer closed connection in SSL handshake");
  stream->input_ended = true;
  streams_emit(batch, EVENT_END, id);
}

/* ---- the handshake ---- */

static bool is_for(X509 *certificate, const char *name) {
  uint8_t address[16];
  if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
    return X509_check_ip_asc(certificate, name, 0) == 1;
  return X509_check_host(certificate, name, strlen(name), 0, NULL) == 1;
}

/* As client: whether the server's certificate is good, and for whom it should be. Writes what is wrong. */
static bool is_trusted(const struct tls *tls, char *text, size_t size) {
  long verdict = SSL_get_verify_result(tls->ssl);
  X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
  if (verdict != X509_V_OK)
    snprintf(text, size, "upstream SSL certificate verify error: (%ld:%s)", verdict, X509_verify_cert_error_string(verdict));
  else if (!certificate || !is_for(certificate, tls->name))
    snprintf(text, size, "upstream SSL certificate does not match \"%.300s\"", tls->name);
  else return true;
  return false;
}

static void emit_secure(struct batch *batch, int32_t id, struct tls *tls) {
  if (tls->told) return;
  tls->told = true;
  const unsigned char *alpn = NULL;
  unsigned bytes = 0;
  SSL_get0_alpn_selected(tls->ssl, &alpn, &bytes);
  int32_t *event = streams_emit(batch, EVENT_SECURE, id);
  put_text(batch, event + 2, alpn, bytes);
}

/* Returns false when the stream is closed by it, or waits for the peer. The bound of early data leaves room for all of it. */
static bool read_early(struct batch *batch, struct tls_io *io, int32_t id, struct tls *tls) {
  uint8_t early[EARLY_MOST + 1];
  size_t total = 0, got = 0;
  int state;
  while (total < sizeof early &&
         (state = SSL_read_early_data(tls->ssl, early + total, sizeof early - total, &got)) == SSL_READ_EARLY_DATA_SUCCESS)
    total += got;
  int why = state == SSL_READ_EARLY_DATA_ERROR ? SSL_get_error(tls->ssl, 0) : SSL_ERROR_NONE;
  batch->toiled = true;
  io_flush(io);
  if (total > 0) {
    emit_secure(batch, id, tls);
    if (total > room_in(batch)) total = room_in(batch);
    memcpy(batch->set->arena + batch->used, early, total);
    streams_emit_data(batch, id, total);
  }
  if (state == SSL_READ_EARLY_DATA_FINISH) tls->phase = TLS_SHAKING;
  else if (why != SSL_ERROR_WANT_READ) openssl_fault(batch, id, "SSL_read_early_data()");
  return state == SSL_READ_EARLY_DATA_FINISH;
}

/* Returns false when the stream is closed by it, or waits for the peer. */
static bool shake(struct batch *batch, struct tls_io *io, int32_t id, struct tls *tls) {
  int done = SSL_do_handshake(tls->ssl);
  int wants = done == 1 ? SSL_ERROR_NONE : SSL_get_error(tls->ssl, done);
  batch->toiled = true;
  io_flush(io);
  if (wants == SSL_ERROR_WANT_READ) return false;
  if (wants != SSL_ERROR_NONE) {
    openssl_fault(batch, id, "SSL_do_handshake()");
    return false;
  }
  tls->phase = TLS_OPEN;
  char text[512];
  struct tls_context *context = tls_context_of(tls->ssl);
  if (!context->server) tls_keep_session(tls->ssl);
  if (!context->server && context->verifies && !is_trusted(tls, text, sizeof text)) {
    fault(batch, id, text);
    return false;
  }
  emit_secure(batch, id, tls);
  return true;
}

/* ---- bytes in ---- */

static void decrypt(struct batch *batch, struct tls_io *io, int32_t id, struct tls *tls) {
  struct streams *set = batch->set;
  size_t all = 0, got = 0, room = room_in(batch);
  while (room - all > NOTE_BYTES && SSL_read_ex(tls->ssl, set->arena + batch->used + all, room - all - NOTE_BYTES, &got) == 1)
    all += got;
  bool full = room - all <= NOTE_BYTES;
  int why = full ? SSL_ERROR_NONE : SSL_get_error(tls->ssl, 0);
  io_flush(io); /* answers to key updates, alerts */
  if (all > 0) streams_emit_data(batch, id, all);
  if (why == SSL_ERROR_ZERO_RETURN) ended(batch, id);
  else if (why != SSL_ERROR_WANT_READ && !full) openssl_fault(batch, id, "SSL_read()");
  else if (full && hold(tls, io->in, io->in_bytes)) ask_again(set, id, tls);
}

static void advance(struct batch *batch, int32_t id, const uint8_t *bytes, size_t length) {
  struct tls *tls = batch->set->all[id].tls;
  struct tls_io *io = io_of(batch->set, id, bytes, length);
  if (tls->phase == TLS_EARLY && !read_early(batch, io, id, tls)) return;
  if (tls->phase == TLS_SHAKING && !shake(batch, io, id, tls)) return;
  if (tls->phase == TLS_OPEN) decrypt(batch, io, id, tls);
}

/* The work that ask_again() put off. */
static void resume(struct batch *batch, int32_t id, struct tls *tls) {
  struct stream *stream = &batch->set->all[id];
  uint8_t *held = tls->held;
  size_t bytes = tls->held_bytes;
  tls->held = NULL;
  tls->held_bytes = 0;
  tls->again = false;
  if (stream->queue_at == stream->queue_end)
    streams_want(batch->set, id, stream->interest & ~(uint32_t)EPOLLOUT);
  advance(batch, id, held, bytes);
  free(held);
}

void tls_ready(struct batch *batch, int32_t id) {
  struct streams *set = batch->set;
  struct stream *stream = &set->all[id];
  if (stream->tls->again) return resume(batch, id, stream->tls);
  ssize_t n = recv(stream->fd, set->tls_io->received, IN_BYTES, MSG_DONTWAIT);
  if (n > 0) advance(batch, id, set->tls_io->received, (size_t)n);
  else if (n == 0) ended(batch, id);
  else if (errno != EAGAIN && errno != EINTR) streams_emit_closed(batch, id, errno);
}

/* ---- bytes out ---- */

/* Also before the handshake is done, in answer to early data. */
static int write_some(const struct tls *tls, const uint8_t *bytes, size_t length, size_t *written) {
  if (tls->phase == TLS_OPEN) return SSL_write_ex(tls->ssl, bytes, length, written);
  return SSL_write_early_data(tls->ssl, bytes, length, written);
}

int64_t tls_send(struct streams *set, int32_t id, const uint8_t *bytes, size_t length) {
  struct tls *tls = set->all[id].tls;
  if (!tls->told || tls->phase == TLS_BROKEN || tls->notified) return -EPIPE;
  struct tls_io *io = io_of(set, id, NULL, 0);
  size_t at = 0, written = 0;
  while (at < length && write_some(tls, bytes + at, length - at, &written) == 1) at += written;
  io_flush(io);
  struct stream *stream = &set->all[id];
  if (at < length) {
    tls->phase = TLS_BROKEN;
    shutdown(stream->fd, SHUT_RDWR); /* which the next poll tells of */
    return -EPROTO;
  }
  if (io->error) return -io->error;
  return (int64_t)(stream->queue_end - stream->queue_at);
}

void tls_notify(struct streams *set, int32_t id) {
  struct tls *tls = set->all[id].tls;
  if (tls->phase != TLS_OPEN || tls->notified) return;
  tls->notified = true;
  struct tls_io *io = io_of(set, id, NULL, 0);
  SSL_shutdown(tls->ssl);
  io_flush(io);
}
