/* TLS on the streams of a set: contexts (what is shown, spoken and asked), sessions, and the state of one stream. */
#ifndef MOAT_TLS_H
#define MOAT_TLS_H

#include "call.h"
#include "stream.h"

#include <openssl/ssl.h>

#define TICKET_KEYS_MOST 32
#define ALPN_BYTES_MOST 255
#define REASON_BYTES 512

/* An answer of a responder for one of a context's certificates. */
struct staple {
  X509 *certificate; /* the context's own reference */
  uint8_t *answer; /* DER; NULL: none */
  size_t bytes;
};

struct ticket_key {
  uint8_t name[16];
  uint8_t hmac[32];
  uint8_t aes[32];
  uint8_t hmac_bytes, aes_bytes; /* 16 or 32 */
};

/* What hangs on an SSL_CTX; it ends with it, so after the last stream that uses it. */
struct tls_context {
  SSL_CTX *ctx; /* not counted: it owns this */
  bool server;
  bool early; /* as server: takes early data */
  bool verifies; /* as client: a certificate that is not good ends the handshake */
  struct ticket_key tickets[TICKET_KEYS_MOST];
  int ticket_count;
  struct session_cache *cache;
  SSL_SESSION **kept; /* as client: the newest session of each slot */
  int32_t kept_size;
  uint8_t alpn[ALPN_BYTES_MOST];
  unsigned alpn_bytes;
  struct staple *staples;
  int staple_count;
};

enum tls_phase {
  TLS_EARLY, /* a server that takes early data (RFC 8446 section 2.3) reads what there is of it */
  TLS_SHAKING,
  TLS_OPEN,
  TLS_BROKEN, /* nothing may be written any more */
};

/* TLS of one stream. */
struct tls {
  SSL *ssl;
  enum tls_phase phase;
  bool told; /* EVENT_SECURE was told: with early data that is before the handshake is done */
  bool notified; /* close_notify is sent */
  bool again; /* there is work without new bytes: held ones, or decrypted ones that found no room */
  uint8_t *held; /* what came before TLS was put on, or found no room */
  size_t held_bytes;
  char *name; /* as client: whom the certificate must be for */
};

/* tls_context.c */
struct tls_context *tls_context_at(const SSL_CTX *ctx);
struct tls_context *tls_context_of(const SSL *ssl);
struct tls_context *as_tls_context(struct call *call, napi_value value);
/* OpenSSL's words for what is in its queue, which is empty afterwards: "error:0A0000B9:SSL routines::no cipher match". */
size_t tls_reason(char out[REASON_BYTES]);
/* Throws Error "<what> failed (SSL: <reason>)". */
void fail_openssl(struct call *call, const char *what);
/* A certificate as a buffer of DER. */
napi_value make_der(struct call *call, X509 *certificate);

/* tls_credentials.c */
void tls_use_credentials(struct call *call, struct tls_context *context, napi_value list);
void tls_use_trust(struct call *call, struct tls_context *context, napi_value options);

/* tls_session.c */
void tls_use_sessions(struct call *call, struct tls_context *context, napi_value options);
void tls_use_tickets(struct call *call, struct tls_context *context, napi_value keys);
/* As client, when the handshake is done: OpenSSL does not tell of the new ticket that a resumed session of TLS 1.2 brings. */
void tls_keep_session(SSL *ssl);

/* tls_stream.c */
/* Puts TLS on an open stream; the handshake begins when the set is polled next. Returns 0 or -errno. */
int tls_begin(struct streams *set, int32_t id, struct tls_context *context, const uint8_t *first, size_t bytes);
/* As client, right after tls_begin(): whom it expects, whether the server is told that name, and the slot of its session
 * or -1; in a `fresh` one there is another's. False when memory is short. */
bool tls_expect(struct tls *tls, const char *name, bool tell, int32_t slot, bool fresh);
/* The TLS of a stream, also of one that was closed since the last poll; NULL when it has none. */
struct tls *tls_of(struct streams *set, int32_t id);

/* tls_facts.c */
/* One of the facts about a session as a text, or undefined. */
napi_value tls_fact(struct call *call, struct tls *tls, int fact);
/* The certificates of the peer up to the root as an array of DER; empty when they do not lead there. */
napi_value tls_chain(struct call *call, struct tls *tls);

#endif
