/* What is known of a TLS session, each fact as text: they are asked for one by one, and most are never asked for. */
#include "tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#define DAY_S 86400

/* native/tls.ts holds the same order; a test compares. */
enum fact {
  FACT_PROTOCOL,
  FACT_CIPHER,
  FACT_CIPHERS,
  FACT_CURVE,
  FACT_CURVES,
  FACT_SIGALG,
  FACT_CLIENT_SIGALG,
  FACT_SESSION_ID,
  FACT_RESUMED,
  FACT_EARLY, /* "1" while the handshake is not done: what came may be a replay */
  FACT_VERIFY, /* number and text of what is wrong with the peer's certificate; "" when nothing is */
  FACT_CERTIFICATE, /* of the peer; PEM. All below are undefined without one. */
  FACT_SUBJECT,
  FACT_ISSUER,
  FACT_SUBJECT_LEGACY,
  FACT_ISSUER_LEGACY,
  FACT_SERIAL,
  FACT_FINGERPRINT,
  FACT_STARTS,
  FACT_ENDS,
  FACT_DAYS_LEFT,
};

static void put_hex(BIO *out, const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) BIO_printf(out, "%02x", bytes[i]);
}

/* All that the client can do, in its order; what OpenSSL does not know as a number. */
static void put_ciphers(BIO *out, SSL *ssl) {
  unsigned char *raw = NULL;
  long bytes = SSL_get0_raw_cipherlist(ssl, &raw);
  for (long at = 0; raw && at + 1 < bytes; at += 2) {
    const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, raw + at);
    if (at) BIO_puts(out, ":");
    if (cipher) BIO_puts(out, SSL_CIPHER_get_name(cipher));
    else BIO_printf(out, "0x%02x%02x", raw[at], raw[at + 1]);
  }
}

static void put_group(BIO *out, SSL *ssl, int nid) {
  const char *name = nid & TLSEXT_nid_unknown ? SSL_group_to_name(ssl, nid) : OBJ_nid2sn(nid);
  if (name) BIO_puts(out, name);
  else BIO_printf(out, "0x%04x", nid & 0xffff);
}

static void put_curves(BIO *out, SSL *ssl) {
  int nids[256];
  int count = (int)SSL_get1_groups(ssl, NULL);
  if (count <= 0 || count > 256) return;
  SSL_get1_groups(ssl, nids);
  for (int i = 0; i < count; i++) {
    if (i) BIO_puts(out, ":");
    put_group(out, ssl, nids[i]);
  }
}

static void put_session_id(BIO *out, SSL *ssl) {
  unsigned bytes = 0;
  SSL_SESSION *session = SSL_get0_session(ssl);
  const uint8_t *id = session ? SSL_SESSION_get_id(session, &bytes) : NULL;
  put_hex(out, id, bytes);
}

static void put_verdict(BIO *out, SSL *ssl) {
  long verdict = SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK) BIO_printf(out, "%ld:%s", verdict, X509_verify_cert_error_string(verdict));
}

static void put_session(BIO *out, SSL *ssl, enum fact fact) {
  const char *name = NULL;
  int group;
  switch (fact) {
    case FACT_PROTOCOL: BIO_puts(out, SSL_get_version(ssl)); break;
    case FACT_CIPHER: BIO_puts(out, SSL_get_cipher_name(ssl)); break;
    case FACT_CIPHERS: put_ciphers(out, ssl); break;
    case FACT_CURVE:
      group = (int)SSL_get_negotiated_group(ssl);
      if (group != NID_undef) put_group(out, ssl, group);
      break;
    case FACT_CURVES: put_curves(out, ssl); break;
    case FACT_SIGALG:
      if (SSL_get0_signature_name(ssl, &name) == 1 && name) BIO_puts(out, name);
      break;
    case FACT_CLIENT_SIGALG:
      if (SSL_get0_peer_signature_name(ssl, &name) == 1 && name) BIO_puts(out, name);
      break;
    case FACT_SESSION_ID: put_session_id(out, ssl); break;
    case FACT_RESUMED: BIO_puts(out, SSL_session_reused(ssl) ? "r" : "."); break;
    case FACT_EARLY: BIO_puts(out, SSL_is_init_finished(ssl) ? "" : "1"); break;
    case FACT_VERIFY: put_verdict(out, ssl); break;
    default: break;
  }
}

static void put_legacy(BIO *out, const X509_NAME *name) {
  char *line = X509_NAME_oneline(name, NULL, 0);
  if (line) BIO_puts(out, line);
  OPENSSL_free(line);
}

static void put_fingerprint(BIO *out, X509 *certificate) {
  uint8_t digest[EVP_MAX_MD_SIZE];
  unsigned bytes = 0;
  if (X509_digest(certificate, EVP_sha1(), digest, &bytes) == 1) put_hex(out, digest, bytes);
}

static void put_days_left(BIO *out, X509 *certificate) {
  int days = 0, seconds = 0;
  ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate));
  BIO_printf(out, "%d", days > 0 ? days : 0);
}

static void put_certificate(BIO *out, X509 *certificate, enum fact fact) {
  switch (fact) {
    case FACT_CERTIFICATE: PEM_write_bio_X509(out, certificate); break;
    case FACT_SUBJECT: X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253); break;
    case FACT_ISSUER: X509_NAME_print_ex(out, X509_get_issuer_name(certificate), 0, XN_FLAG_RFC2253); break;
    case FACT_SUBJECT_LEGACY: put_legacy(out, X509_get_subject_name(certificate)); break;
    case FACT_ISSUER_LEGACY: put_legacy(out, X509_get_issuer_name(certificate)); break;
    case FACT_SERIAL: i2a_ASN1_INTEGER(out, X509_get0_serialNumber(certificate)); break;
    case FACT_FINGERPRINT: put_fingerprint(out, certificate); break;
    case FACT_STARTS: ASN1_TIME_print(out, X509_get0_notBefore(certificate)); break;
    case FACT_ENDS: ASN1_TIME_print(out, X509_get0_notAfter(certificate)); break;
    case FACT_DAYS_LEFT: put_days_left(out, certificate); break;
    default: break;
  }
}

napi_value tls_fact(struct call *call, struct tls *tls, int fact) {
  X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
  if (fact >= FACT_CERTIFICATE && !certificate) return make_undefined(call);
  BIO *out = BIO_new(BIO_s_mem());
  if (!out) return make_undefined(call);
  if (fact >= FACT_CERTIFICATE) put_certificate(out, certificate, (enum fact)fact);
  else put_session(out, tls->ssl, (enum fact)fact);
  char *text = NULL;
  long bytes = BIO_get_mem_data(out, &text);
  napi_value made = make_text(call, text ? text : "", bytes > 0 ? (size_t)bytes : 0);
  BIO_free(out);
  ERR_clear_error();
  return made;
}

/* The chain that the peer's certificate was judged by, its own first. A resumed session has none: it is built once more,
 * with nothing but the certificate itself and what is trusted. */
static STACK_OF(X509) *chain_of(SSL *ssl) {
  STACK_OF(X509) *verified = SSL_get0_verified_chain(ssl);
  if (verified) return X509_chain_up_ref(verified);
  X509 *own = SSL_get0_peer_certificate(ssl);
  X509_STORE_CTX *build = own ? X509_STORE_CTX_new() : NULL;
  STACK_OF(X509) *chain = NULL;
  X509_STORE *store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
  if (build && X509_STORE_CTX_init(build, store, own, SSL_get_peer_cert_chain(ssl)) == 1) {
    X509_STORE_CTX_set_default(build, "ssl_client");
    if (X509_verify_cert(build) == 1) chain = X509_STORE_CTX_get1_chain(build);
  }
  X509_STORE_CTX_free(build);
  ERR_clear_error();
  return chain;
}

napi_value tls_chain(struct call *call, struct tls *tls) {
  STACK_OF(X509) *chain = chain_of(tls->ssl);
  napi_value list = NULL;
  if (!call->failed) ok(call, napi_create_array(call->env, &list));
  for (int i = 0; i < sk_X509_num(chain) && !call->failed; i++)
    ok(call, napi_set_element(call->env, list, (uint32_t)i, make_der(call, sk_X509_value(chain, i))));
  sk_X509_pop_free(chain, X509_free);
  return list;
}
