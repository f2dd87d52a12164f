/* TLS contexts: OpenSSL's SSL_CTX from settings, owned by a JavaScript object and by the streams that use it. */
#include "tls.h"
#include "verbs.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CONTEXT_BYTES 65536 /* about what one takes: the garbage collector is told */
#define LIST_BYTES 4096
#define EARLY_BYTES 16384 /* as nginx */

static int context_index;
static pthread_once_t index_once = PTHREAD_ONCE_INIT;

static void free_context(void *parent, void *data, CRYPTO_EX_DATA *ex, int index, long argl, void *argp) {
  (void)parent, (void)ex, (void)index, (void)argl, (void)argp;
  struct tls_context *context = data;
  if (!context) return;
  for (int32_t i = 0; i < context->kept_size; i++) SSL_SESSION_free(context->kept[i]);
  for (int i = 0; i < context->staple_count; i++) {
    X509_free(context->staples[i].certificate);
    free(context->staples[i].answer);
  }
  OPENSSL_cleanse(context->tickets, sizeof context->tickets);
  free(context->kept);
  free(context->staples);
  free(context);
}

static void make_index(void) { context_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_context); }

struct tls_context *tls_context_at(const SSL_CTX *ctx) { return SSL_CTX_get_ex_data(ctx, context_index); }

struct tls_context *tls_context_of(const SSL *ssl) { return tls_context_at(SSL_get_SSL_CTX(ssl)); }

size_t tls_reason(char out[REASON_BYTES]) {
  size_t length = 0;
  const char *data;
  int flags;
  unsigned long error;
  out[0] = '\0';
  while ((error = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
    char text[256];
    ERR_error_string_n(error, text, sizeof text);
    bool says = (flags & ERR_TXT_STRING) && data && *data;
    int added = snprintf(out + length, REASON_BYTES - length, "%s%s%s%s", length ? " " : "", text, says ? ":" : "",
                         says ? data : "");
    if (added < 0 || (size_t)added >= REASON_BYTES - length) break;
    length += (size_t)added;
  }
  ERR_clear_error();
  return strlen(out);
}

void fail_openssl(struct call *call, const char *what) {
  if (call->failed) return;
  char reason[REASON_BYTES], text[REASON_BYTES + 128];
  tls_reason(reason);
  snprintf(text, sizeof text, reason[0] ? "%s failed (SSL: %s)" : "%s failed", what, reason);
  napi_throw_error(call->env, NULL, text);
  call->failed = true;
}

/* Sets a list by one of OpenSSL's setters; an absent option leaves the library's own. */
static void use_list(struct call *call, SSL_CTX *ctx, napi_value options, const char *option, const char *what,
                     int (*set)(SSL_CTX *, const char *)) {
  char list[LIST_BYTES];
  napi_value value = field(call, options, option);
  if (!given(call, value)) return;
  as_text(call, value, option, list, sizeof list);
  if (!call->failed && set(ctx, list) != 1) fail_openssl(call, what);
}

static int set_groups(SSL_CTX *ctx, const char *list) { return (int)SSL_CTX_set1_groups_list(ctx, list); }
static int set_sigalgs(SSL_CTX *ctx, const char *list) { return (int)SSL_CTX_set1_sigalgs_list(ctx, list); }

static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *bytes, const unsigned char *offered,
                       unsigned offered_bytes, void *data) {
  (void)ssl;
  struct tls_context *context = data;
  int found = SSL_select_next_proto((unsigned char **)out, bytes, context->alpn, context->alpn_bytes, offered,
                                    offered_bytes);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* alpn: names with their lengths before them (RFC 7301 section 3.1). */
static void use_alpn(struct call *call, struct tls_context *context, napi_value value) {
  uint8_t *names;
  size_t bytes;
  if (!given(call, value)) return;
  as_bytes(call, value, "alpn", &names, &bytes);
  if (bytes == 0 || bytes > ALPN_BYTES_MOST) fail_type(call, "alpn", "must have 1 to 255 bytes");
  if (call->failed) return;
  memcpy(context->alpn, names, bytes);
  context->alpn_bytes = (unsigned)bytes;
  if (context->server) SSL_CTX_set_alpn_select_cb(context->ctx, select_alpn, context);
  else SSL_CTX_set_alpn_protos(context->ctx, names, (unsigned)bytes);
}

static int send_staple(SSL *ssl, void *data) {
  struct tls_context *context = data;
  X509 *shown = SSL_get_certificate(ssl);
  for (int i = 0; i < context->staple_count; i++) {
    struct staple *staple = &context->staples[i];
    if (staple->certificate != shown || !staple->answer) continue;
    uint8_t *copy = OPENSSL_memdup(staple->answer, staple->bytes);
    if (copy) SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)staple->bytes);
    return copy ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

static void use_protocols(struct call *call, struct tls_context *context, napi_value options) {
  SSL_CTX *ctx = context->ctx;
  uint64_t bits = (uint64_t)as_int_or(call, field(call, options, "options"), "options", 0, INT64_C(1) << 52, 0);
  int least = (int)as_int_or(call, field(call, options, "leastVersion"), "leastVersion", 0, 0xffff, TLS1_2_VERSION);
  int most = (int)as_int_or(call, field(call, options, "mostVersion"), "mostVersion", 0, 0xffff, 0);
  int64_t record = as_int_or(call, field(call, options, "recordBytes"), "recordBytes", 512, 16384, 16384);
  if (call->failed) return;
  /* As nginx: a peer that goes without close_notify has ended, and renegotiation is nobody's right. */
  SSL_CTX_set_options(ctx, bits | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF |
                               SSL_OP_NO_ANTI_REPLAY);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (SSL_CTX_set_min_proto_version(ctx, least) != 1 || SSL_CTX_set_max_proto_version(ctx, most) != 1)
    fail_openssl(call, "SSL_CTX_set_min_proto_version()");
  SSL_CTX_set_max_send_fragment(ctx, record);
  use_list(call, ctx, options, "ciphers", "SSL_CTX_set_cipher_list()", SSL_CTX_set_cipher_list);
  use_list(call, ctx, options, "cipherSuites", "SSL_CTX_set_ciphersuites()", SSL_CTX_set_ciphersuites);
  use_list(call, ctx, options, "groups", "SSL_CTX_set1_groups_list()", set_groups);
  use_list(call, ctx, options, "signatureAlgorithms", "SSL_CTX_set1_sigalgs_list()", set_sigalgs);
  use_alpn(call, context, field(call, options, "alpn"));
}

/* After the certificates: they are what is compressed. */
static void use_compression(struct call *call, SSL_CTX *ctx, napi_value options) {
  if (as_bool_or(call, field(call, options, "compressCertificates"), "compressCertificates", false))
    SSL_CTX_compress_certs(ctx, 0);
  else SSL_CTX_set_options(ctx, SSL_OP_NO_TX_CERTIFICATE_COMPRESSION | SSL_OP_NO_RX_CERTIFICATE_COMPRESSION);
}

static struct tls_context *new_context(struct call *call, bool server) {
  pthread_once(&index_once, make_index);
  ERR_clear_error();
  struct tls_context *context = calloc(1, sizeof *context);
  SSL_CTX *ctx = context ? SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()) : NULL;
  if (!ctx || SSL_CTX_set_ex_data(ctx, context_index, context) != 1) {
    free(context);
    SSL_CTX_free(ctx);
    fail_openssl(call, "SSL_CTX_new()");
    return NULL;
  }
  context->ctx = ctx;
  context->server = server;
  return context;
}

static void forget(napi_env env, void *data, void *hint) {
  (void)hint;
  int64_t total;
  struct tls_context *context = data;
  napi_adjust_external_memory(env, -CONTEXT_BYTES, &total);
  SSL_CTX_free(context->ctx);
}

/* tlsContext({server, certificates, trusted, clientNames, crl, verify, depth, options, leastVersion, mostVersion, ciphers,
 * cipherSuites, groups, signatureAlgorithms, dh, alpn, recordBytes, compressCertificates, sessions…}) → context */
napi_value tls_context(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "tlsContext");
  napi_value options = call.args[0];
  bool server = as_bool_or(&call, field(&call, options, "server"), "server", false);
  struct tls_context *context = call.failed ? NULL : new_context(&call, server);
  if (!context) return NULL;
  use_protocols(&call, context, options);
  tls_use_credentials(&call, context, field(&call, options, "certificates"));
  tls_use_trust(&call, context, options);
  tls_use_sessions(&call, context, options);
  if (!call.failed) use_compression(&call, context->ctx, options);
  context->early = server && as_bool_or(&call, field(&call, options, "earlyData"), "earlyData", false);
  if (context->early) SSL_CTX_set_max_early_data(context->ctx, EARLY_BYTES);
  if (server && !call.failed) {
    SSL_CTX_set_tlsext_status_cb(context->ctx, send_staple);
    SSL_CTX_set_tlsext_status_arg(context->ctx, context);
  }
  napi_value made = make_object(&call);
  if (!call.failed) ok(&call, napi_wrap(env, made, context, forget, NULL, NULL));
  if (call.failed) {
    SSL_CTX_free(context->ctx);
    return NULL;
  }
  int64_t total;
  napi_adjust_external_memory(env, CONTEXT_BYTES, &total);
  return made;
}

struct tls_context *as_tls_context(struct call *call, napi_value value) {
  void *context = NULL;
  if (call->failed || napi_unwrap(call->env, value, &context) != napi_ok) context = NULL;
  if (!context) fail_type(call, "the context", "must come from tlsContext");
  return context;
}

/* tlsTickets(context, keys): those of 48 or 80 bytes; the first encrypts. */
napi_value tls_tickets(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "tlsTickets");
  struct tls_context *context = as_tls_context(&call, call.args[0]);
  if (context) tls_use_tickets(&call, context, call.args[1]);
  return make_undefined(&call);
}

/* tlsStaple(context, index, answer): what clients get along with a certificate, by its rank; empty: nothing. */
napi_value tls_staple(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "tlsStaple");
  struct tls_context *context = as_tls_context(&call, call.args[0]);
  int64_t index = as_int(&call, call.args[1], "index", 0, context ? context->staple_count - 1 : 0);
  uint8_t *answer;
  size_t bytes;
  as_bytes(&call, call.args[2], "answer", &answer, &bytes);
  if (call.failed) return NULL;
  struct staple *staple = &context->staples[index];
  uint8_t *copy = bytes ? malloc(bytes) : NULL;
  if (copy) memcpy(copy, answer, bytes);
  free(staple->answer);
  staple->answer = copy;
  staple->bytes = copy ? bytes : 0;
  return make_undefined(&call);
}

napi_value make_der(struct call *call, X509 *certificate) {
  int length = i2d_X509(certificate, NULL);
  void *bytes = NULL;
  napi_value made = NULL;
  if (length <= 0) fail_openssl(call, "i2d_X509()");
  if (call->failed || !ok(call, napi_create_buffer(call->env, (size_t)length, &bytes, &made))) return NULL;
  uint8_t *out = bytes;
  i2d_X509(certificate, &out);
  return made;
}

/* Who issued a certificate: one of its chain, or of those that the context trusts. Counted; NULL when nobody here did. */
static X509 *issuer_of(SSL_CTX *ctx, X509 *certificate) {
  STACK_OF(X509) *chain = NULL;
  if (SSL_CTX_select_current_cert(ctx, certificate) == 1) SSL_CTX_get0_chain_certs(ctx, &chain);
  for (int i = 0; i < sk_X509_num(chain); i++) {
    X509 *candidate = sk_X509_value(chain, i);
    if (X509_check_issued(candidate, certificate) == X509_V_OK && X509_up_ref(candidate) == 1) return candidate;
  }
  X509 *issuer = NULL;
  X509_STORE_CTX *lookup = X509_STORE_CTX_new();
  if (lookup && X509_STORE_CTX_init(lookup, SSL_CTX_get_cert_store(ctx), NULL, NULL) == 1 &&
      X509_STORE_CTX_get1_issuer(&issuer, lookup, certificate) != 1)
    issuer = NULL;
  X509_STORE_CTX_free(lookup);
  ERR_clear_error();
  return issuer;
}

/* tlsCertificate(context, index) → {certificate, issuer?: DER, responder?: URL}, or undefined beyond the last */
napi_value tls_certificate(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "tlsCertificate");
  struct tls_context *context = as_tls_context(&call, call.args[0]);
  int64_t index = as_int(&call, call.args[1], "index", 0, INT32_MAX);
  if (call.failed || index >= context->staple_count) return make_undefined(&call);
  X509 *certificate = context->staples[index].certificate;
  X509 *issuer = issuer_of(context->ctx, certificate);
  STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(certificate);
  napi_value made = make_object(&call);
  put(&call, made, "certificate", make_der(&call, certificate));
  if (issuer) put(&call, made, "issuer", make_der(&call, issuer));
  const char *url = sk_OPENSSL_STRING_num(urls) > 0 ? sk_OPENSSL_STRING_value(urls, 0) : NULL;
  if (url) put(&call, made, "responder", make_text(&call, url, strlen(url)));
  X509_email_free(urls);
  X509_free(issuer);
  return made;
}
