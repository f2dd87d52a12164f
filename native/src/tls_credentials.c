/* What a context shows and whom it trusts: certificates, keys, revocation lists, out of texts that JavaScript read. */
#include "tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdlib.h>
#include <string.h>

#define PASSPHRASE_BYTES 1024

static BIO *open_text(struct call *call, napi_value value, const char *name) {
  uint8_t *bytes;
  size_t length;
  as_bytes(call, value, name, &bytes, &length);
  if (call->failed) return NULL;
  BIO *bio = length <= INT32_MAX ? BIO_new_mem_buf(bytes, (int)length) : NULL;
  if (!bio) fail_openssl(call, "BIO_new_mem_buf()");
  return bio;
}

/* The end of a PEM file is a fault that is none. */
static bool at_end(void) {
  unsigned long error = ERR_peek_last_error();
  bool end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (end) ERR_clear_error();
  return end;
}

static int give_passphrase(char *out, int size, int writing, void *data) {
  (void)writing;
  const char *passphrase = data;
  size_t length = passphrase ? strlen(passphrase) : 0;
  if (!passphrase || length > (size_t)size) return -1; /* without this OpenSSL would ask on the terminal */
  memcpy(out, passphrase, length);
  return (int)length;
}

static STACK_OF(X509) *read_rest(BIO *bio) {
  STACK_OF(X509) *chain = sk_X509_new_null();
  X509 *next;
  while (chain && (next = PEM_read_bio_X509(bio, NULL, give_passphrase, NULL))) sk_X509_push(chain, next);
  if (chain && at_end()) return chain;
  sk_X509_pop_free(chain, X509_free);
  return NULL;
}

/* Takes over what is not NULL. */
static void use_pair(struct call *call, struct tls_context *context, X509 *certificate, STACK_OF(X509) *chain,
                     EVP_PKEY *key) {
  SSL_CTX *ctx = context->ctx;
  if (SSL_CTX_use_certificate(ctx, certificate) != 1) fail_openssl(call, "SSL_CTX_use_certificate()");
  else if (SSL_CTX_set0_chain(ctx, chain) != 1) fail_openssl(call, "SSL_CTX_set0_chain()");
  else {
    chain = NULL; /* the context's now */
    if (SSL_CTX_use_PrivateKey(ctx, key) != 1) fail_openssl(call, "SSL_CTX_use_PrivateKey()");
  }
  sk_X509_pop_free(chain, X509_free);
  EVP_PKEY_free(key);
  if (call->failed) return X509_free(certificate);
  struct staple *staples = realloc(context->staples, (size_t)(context->staple_count + 1) * sizeof *staples);
  if (!staples) return X509_free(certificate);
  context->staples = staples;
  staples[context->staple_count++] = (struct staple){.certificate = certificate};
}

static void use_pem(struct call *call, struct tls_context *context, napi_value pair, char *passphrase) {
  BIO *text = open_text(call, field(call, pair, "certificate"), "certificate");
  BIO *key_text = open_text(call, field(call, pair, "key"), "key");
  X509 *certificate = text ? PEM_read_bio_X509_AUX(text, NULL, give_passphrase, NULL) : NULL;
  if (!certificate) fail_openssl(call, "PEM_read_bio_X509_AUX()");
  STACK_OF(X509) *chain = certificate ? read_rest(text) : NULL;
  if (!chain) fail_openssl(call, "PEM_read_bio_X509()");
  EVP_PKEY *key = chain && key_text ? PEM_read_bio_PrivateKey(key_text, NULL, give_passphrase, passphrase) : NULL;
  if (!key) fail_openssl(call, "PEM_read_bio_PrivateKey()");
  BIO_free(text);
  BIO_free(key_text);
  if (!call->failed) return use_pair(call, context, certificate, chain, key);
  X509_free(certificate);
  sk_X509_pop_free(chain, X509_free);
  EVP_PKEY_free(key);
}

static void use_bundle(struct call *call, struct tls_context *context, napi_value bundle, char *passphrase) {
  BIO *text = open_text(call, bundle, "bundle");
  PKCS12 *parsed = text ? d2i_PKCS12_bio(text, NULL) : NULL;
  X509 *certificate = NULL;
  EVP_PKEY *key = NULL;
  STACK_OF(X509) *chain = NULL;
  if (!parsed || PKCS12_parse(parsed, passphrase, &key, &certificate, &chain) != 1 || !key || !certificate)
    fail_openssl(call, "PKCS12_parse()");
  BIO_free(text);
  PKCS12_free(parsed);
  if (!call->failed) return use_pair(call, context, certificate, chain, key);
  X509_free(certificate);
  sk_X509_pop_free(chain, X509_free);
  EVP_PKEY_free(key);
}

static void use_one(struct call *call, struct tls_context *context, napi_value one) {
  char passphrase[PASSPHRASE_BYTES];
  napi_value secret = field(call, one, "passphrase");
  bool locked = given(call, secret);
  if (locked) as_text(call, secret, "passphrase", passphrase, sizeof passphrase);
  napi_value bundle = field(call, one, "bundle");
  if (call->failed) return;
  if (given(call, bundle)) use_bundle(call, context, bundle, locked ? passphrase : NULL);
  else use_pem(call, context, one, locked ? passphrase : NULL);
  OPENSSL_cleanse(passphrase, sizeof passphrase);
}

static uint32_t length_of(struct call *call, napi_value list, const char *name) {
  uint32_t length = 0;
  bool array = false;
  if (call->failed || !given(call, list)) return 0;
  napi_is_array(call->env, list, &array);
  if (!array) fail_type(call, name, "must be an array");
  else ok(call, napi_get_array_length(call->env, list, &length));
  return length;
}

/* certificates: [{certificate, key, passphrase?} | {bundle, passphrase?}] */
void tls_use_credentials(struct call *call, struct tls_context *context, napi_value list) {
  uint32_t count = length_of(call, list, "certificates");
  for (uint32_t i = 0; i < count && !call->failed; i++) {
    napi_value one = NULL;
    if (ok(call, napi_get_element(call->env, list, i, &one))) use_one(call, context, one);
  }
}

/* ---- trust ---- */

/* Every certificate of a PEM text becomes trusted; `names`: their names are for clients too. */
static void trust_all(struct call *call, X509_STORE *store, BIO *text, STACK_OF(X509_NAME) *names) {
  X509 *certificate;
  while ((certificate = PEM_read_bio_X509_AUX(text, NULL, give_passphrase, NULL))) {
    bool added = X509_STORE_add_cert(store, certificate) == 1;
    X509_NAME *name = added && names ? X509_NAME_dup(X509_get_subject_name(certificate)) : NULL;
    if (name && sk_X509_NAME_find(names, name) >= 0) X509_NAME_free(name);
    else if (name) sk_X509_NAME_push(names, name);
    X509_free(certificate);
    if (!added) return fail_openssl(call, "X509_STORE_add_cert()");
  }
  if (!at_end()) fail_openssl(call, "PEM_read_bio_X509_AUX()");
}

static void trust_file(struct call *call, struct tls_context *context, napi_value text, const char *name,
                       STACK_OF(X509_NAME) *names) {
  if (!given(call, text)) return;
  BIO *bio = open_text(call, text, name);
  if (bio) trust_all(call, SSL_CTX_get_cert_store(context->ctx), bio, names);
  BIO_free(bio);
}

static void use_crl(struct call *call, struct tls_context *context, napi_value text) {
  if (!given(call, text)) return;
  BIO *bio = open_text(call, text, "crl");
  X509_STORE *store = SSL_CTX_get_cert_store(context->ctx);
  X509_CRL *crl;
  while (bio && !call->failed && (crl = PEM_read_bio_X509_CRL(bio, NULL, give_passphrase, NULL))) {
    if (X509_STORE_add_crl(store, crl) != 1) fail_openssl(call, "X509_STORE_add_crl()");
    X509_CRL_free(crl);
  }
  if (bio && !call->failed && !at_end()) fail_openssl(call, "PEM_read_bio_X509_CRL()");
  BIO_free(bio);
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
}

/* The handshake goes on whatever the certificate is: what it means is decided by whom the request is for. */
static int go_on(int good, X509_STORE_CTX *chain) {
  (void)good, (void)chain;
  return 1;
}

static void use_dh(struct call *call, struct tls_context *context, napi_value text) {
  if (!given(call, text)) return;
  BIO *bio = open_text(call, text, "dh");
  EVP_PKEY *parameters = bio ? PEM_read_bio_Parameters(bio, NULL) : NULL;
  BIO_free(bio);
  if (parameters && SSL_CTX_set0_tmp_dh_pkey(context->ctx, parameters) == 1) return;
  EVP_PKEY_free(parameters);
  fail_openssl(call, "SSL_CTX_set0_tmp_dh_pkey()");
}

static int compare_names(const X509_NAME *const *a, const X509_NAME *const *b) { return X509_NAME_cmp(*a, *b); }

void tls_use_trust(struct call *call, struct tls_context *context, napi_value options) {
  SSL_CTX *ctx = context->ctx;
  bool verify = as_bool_or(call, field(call, options, "verify"), "verify", false);
  int depth = (int)as_int_or(call, field(call, options, "depth"), "depth", 0, 100, 1);
  use_dh(call, context, field(call, options, "dh"));
  if (call->failed) return;
  STACK_OF(X509_NAME) *names = sk_X509_NAME_new(compare_names);
  trust_file(call, context, field(call, options, "clientNames"), "clientNames", names);
  trust_file(call, context, field(call, options, "trusted"), "trusted", NULL);
  use_crl(call, context, field(call, options, "crl"));
  if (call->failed) return sk_X509_NAME_pop_free(names, X509_NAME_free);
  if (context->server) SSL_CTX_set_client_CA_list(ctx, names);
  else sk_X509_NAME_pop_free(names, X509_NAME_free);
  context->verifies = verify;
  if (verify) SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, go_on);
  SSL_CTX_set_verify_depth(ctx, depth);
}
