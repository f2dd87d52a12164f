/* OCSP (RFC 6960): the question about a certificate, and what an answer to it is worth. Asking is done in JavaScript. */
#include "tls.h"
#include "verbs.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define SKEW_S 300 /* clocks may differ so much, as in nginx */

static X509 *read_certificate(struct call *call, napi_value value, const char *name) {
  uint8_t *bytes;
  size_t length;
  as_bytes(call, value, name, &bytes, &length);
  if (call->failed) return NULL;
  const uint8_t *at = bytes;
  X509 *certificate = d2i_X509(NULL, &at, (long)length);
  if (!certificate) fail_openssl(call, "d2i_X509()");
  return certificate;
}

static OCSP_CERTID *id_of(struct call *call, napi_value certificate_value, napi_value issuer_value) {
  X509 *certificate = read_certificate(call, certificate_value, "certificate");
  X509 *issuer = read_certificate(call, issuer_value, "issuer");
  OCSP_CERTID *id = call->failed ? NULL : OCSP_cert_to_id(NULL, certificate, issuer);
  if (!id) fail_openssl(call, "OCSP_cert_to_id()");
  X509_free(certificate);
  X509_free(issuer);
  return id;
}

/* ocspRequest(certificate, issuer): both DER → the question, DER */
napi_value ocsp_request(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "ocspRequest");
  ERR_clear_error();
  OCSP_CERTID *id = id_of(&call, call.args[0], call.args[1]);
  OCSP_REQUEST *request = id ? OCSP_REQUEST_new() : NULL;
  if (request && !OCSP_request_add0_id(request, id)) fail_openssl(&call, "OCSP_request_add0_id()");
  int length = request && !call.failed ? i2d_OCSP_REQUEST(request, NULL) : -1;
  napi_value made = NULL;
  void *bytes = NULL;
  if (!call.failed && length <= 0) fail_openssl(&call, "i2d_OCSP_REQUEST()");
  if (!call.failed && ok(&call, napi_create_buffer(env, (size_t)length, &bytes, &made))) {
    uint8_t *out = bytes;
    i2d_OCSP_REQUEST(request, &out);
  }
  if (request) OCSP_REQUEST_free(request);
  else OCSP_CERTID_free(id);
  return made;
}

/* Every certificate of a PEM text, into a store or a list. */
static void read_all(struct call *call, napi_value text, const char *name, X509_STORE *store, STACK_OF(X509) *list) {
  uint8_t *bytes;
  size_t length;
  if (!given(call, text)) return;
  as_bytes(call, text, name, &bytes, &length);
  BIO *bio = call->failed ? NULL : BIO_new_mem_buf(bytes, (int)length);
  X509 *certificate;
  while (bio && (certificate = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL))) {
    if (store) X509_STORE_add_cert(store, certificate);
    if (store || sk_X509_push(list, certificate) == 0) X509_free(certificate);
  }
  BIO_free(bio);
  ERR_clear_error();
}

/* As nginx: without `verify` the signer need not be trusted, but must have signed. */
static void verify_answer(struct call *call, OCSP_BASICRESP *answer, napi_value options) {
  bool verify = as_bool_or(call, field(call, options, "verify"), "verify", false);
  X509_STORE *store = X509_STORE_new();
  STACK_OF(X509) *chain = sk_X509_new_null();
  X509 *issuer = read_certificate(call, field(call, options, "issuer"), "issuer");
  if (issuer && sk_X509_push(chain, issuer) == 0) X509_free(issuer);
  read_all(call, field(call, options, "chain"), "chain", NULL, chain);
  read_all(call, field(call, options, "trusted"), "trusted", store, NULL);
  if (!call->failed && OCSP_basic_verify(answer, chain, store, verify ? OCSP_TRUSTOTHER : OCSP_NOVERIFY) != 1)
    fail_openssl(call, "OCSP_basic_verify()");
  sk_X509_pop_free(chain, X509_free);
  X509_STORE_free(store);
}

/* ms since 1970; -1 for a time that does not say. */
static double milliseconds(const ASN1_GENERALIZEDTIME *time) {
  struct tm parts;
  if (!time || ASN1_TIME_to_tm(time, &parts) != 1) return -1;
  return (double)timegm(&parts) * 1000;
}

static void find_status(struct call *call, OCSP_BASICRESP *answer, OCSP_CERTID *id, napi_value verdict) {
  int status = 0, reason = 0;
  ASN1_GENERALIZEDTIME *revoked = NULL, *from = NULL, *until = NULL;
  if (OCSP_resp_find_status(answer, id, &status, &reason, &revoked, &from, &until) != 1)
    return fail_openssl(call, "certificate status not found in the OCSP response: OCSP_resp_find_status()");
  if (OCSP_check_validity(from, until, SKEW_S, -1) != 1) return fail_openssl(call, "OCSP_check_validity()");
  const char *text = OCSP_cert_status_str(status);
  put(call, verdict, "status", make_text(call, text, strlen(text)));
  put_number(call, verdict, "untilMs", milliseconds(until));
}

static OCSP_BASICRESP *open_answer(struct call *call, napi_value value) {
  uint8_t *bytes;
  size_t length;
  as_bytes(call, value, "answer", &bytes, &length);
  const uint8_t *at = bytes;
  OCSP_RESPONSE *response = call->failed ? NULL : d2i_OCSP_RESPONSE(NULL, &at, (long)length);
  if (!response) fail_openssl(call, "d2i_OCSP_RESPONSE()");
  if (call->failed) return NULL;
  int status = OCSP_response_status(response);
  OCSP_BASICRESP *basic = status == OCSP_RESPONSE_STATUS_SUCCESSFUL ? OCSP_response_get1_basic(response) : NULL;
  OCSP_RESPONSE_free(response);
  if (basic) return basic;
  char what[128];
  snprintf(what, sizeof what, "the OCSP response (%d: %s)", status, OCSP_response_status_str(status));
  fail_openssl(call, what);
  return NULL;
}

/* ocspVerdict({certificate, issuer, answer: DER; chain?, trusted?: PEM; verify}) → {status: good | revoked | unknown, untilMs}.
 * Throws what makes the answer worthless. */
napi_value ocsp_verdict(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info, "ocspVerdict");
  napi_value options = call.args[0];
  ERR_clear_error();
  OCSP_BASICRESP *answer = open_answer(&call, field(&call, options, "answer"));
  if (!answer) return NULL;
  verify_answer(&call, answer, options);
  OCSP_CERTID *id =
      call.failed ? NULL : id_of(&call, field(&call, options, "certificate"), field(&call, options, "issuer"));
  napi_value verdict = make_object(&call);
  if (!call.failed) find_status(&call, answer, id, verdict);
  OCSP_CERTID_free(id);
  OCSP_BASICRESP_free(answer);
  return call.failed ? NULL : verdict;
}
