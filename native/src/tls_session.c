/* Resuming sessions: a cache that all threads of the process share, tickets, and what is kept as a client. */
#include "tls.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUCKETS 4096
#define NAME_BYTES 256
#define SESSION_BYTES_MOST 4096 /* as nginx: longer ones are not kept */
#define ENTRY_OVERHEAD 64 /* of the allocator, per entry, when sizes are counted */
#define KEPT_MOST 65536

struct entry {
  struct entry *next; /* in its bucket */
  struct entry *older, *newer;
  time_t expires;
  uint16_t bytes;
  uint8_t id_bytes;
  uint8_t id[SSL_MAX_SSL_SESSION_ID_LENGTH];
  uint8_t session[]; /* DER */
};

/* Caches are found by name and never end: nginx too keeps them over reloads, so that clients need not begin anew. */
struct session_cache {
  struct session_cache *next;
  char name[NAME_BYTES];
  pthread_mutex_t lock;
  size_t bytes, bytes_most;
  struct entry *oldest, *newest;
  struct entry *buckets[BUCKETS];
};

static pthread_mutex_t caches_lock = PTHREAD_MUTEX_INITIALIZER;
static struct session_cache *caches;

static struct session_cache *cache_named(const char *name, size_t bytes) {
  pthread_mutex_lock(&caches_lock);
  struct session_cache *cache = caches;
  while (cache && strcmp(cache->name, name) != 0) cache = cache->next;
  if (!cache && (cache = calloc(1, sizeof *cache))) {
    strcpy(cache->name, name); /* its length was checked by as_text() */
    pthread_mutex_init(&cache->lock, NULL);
    cache->next = caches;
    caches = cache;
  }
  pthread_mutex_unlock(&caches_lock);
  if (!cache) return NULL;
  pthread_mutex_lock(&cache->lock);
  cache->bytes_most = bytes;
  pthread_mutex_unlock(&cache->lock);
  return cache;
}

/* Identifiers are drawn by us, so any of their bytes spread evenly. */
static struct entry **bucket_of(struct session_cache *cache, const uint8_t *id, size_t bytes) {
  uint32_t hash = 0;
  memcpy(&hash, id, bytes < sizeof hash ? bytes : sizeof hash);
  return &cache->buckets[hash % BUCKETS];
}

static size_t size_of(const struct entry *entry) { return sizeof *entry + entry->bytes + ENTRY_OVERHEAD; }

/* Takes the entry at `at` out and frees it. */
static void drop(struct session_cache *cache, struct entry **at) {
  struct entry *entry = *at;
  *at = entry->next;
  *(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
  *(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
  cache->bytes -= size_of(entry);
  OPENSSL_cleanse(entry->session, entry->bytes);
  free(entry);
}

static struct entry **find(struct session_cache *cache, const uint8_t *id, size_t bytes) {
  struct entry **at = bucket_of(cache, id, bytes);
  while (*at && ((*at)->id_bytes != bytes || memcmp((*at)->id, id, bytes) != 0)) at = &(*at)->next;
  return at;
}

static void drop_oldest(struct session_cache *cache) {
  drop(cache, find(cache, cache->oldest->id, cache->oldest->id_bytes));
}

static void store(struct session_cache *cache, struct entry *entry) {
  pthread_mutex_lock(&cache->lock);
  struct entry **at = find(cache, entry->id, entry->id_bytes);
  if (*at) drop(cache, at);
  while (cache->oldest && (cache->oldest->expires <= time(NULL) || cache->bytes + size_of(entry) > cache->bytes_most))
    drop_oldest(cache);
  at = bucket_of(cache, entry->id, entry->id_bytes);
  entry->next = *at;
  *at = entry;
  entry->older = cache->newest;
  *(cache->newest ? &cache->newest->newer : &cache->oldest) = entry;
  cache->newest = entry;
  cache->bytes += size_of(entry);
  pthread_mutex_unlock(&cache->lock);
}

static int on_new(SSL *ssl, SSL_SESSION *session) {
  struct tls_context *context = tls_context_of(ssl);
  /* With tickets a session of TLS 1.3 is the client's to keep; OpenSSL tells of it all the same. */
  if (SSL_version(ssl) == TLS1_3_VERSION && !(SSL_get_options(ssl) & SSL_OP_NO_TICKET)) return 0;
  int bytes = i2d_SSL_SESSION(session, NULL);
  unsigned id_bytes;
  const uint8_t *id = SSL_SESSION_get_id(session, &id_bytes);
  if (bytes <= 0 || bytes > SESSION_BYTES_MOST || id_bytes == 0) return 0;
  struct entry *entry = calloc(1, sizeof *entry + (size_t)bytes);
  if (!entry) return 0;
  uint8_t *out = entry->session;
  entry->bytes = (uint16_t)i2d_SSL_SESSION(session, &out);
  entry->id_bytes = (uint8_t)id_bytes;
  memcpy(entry->id, id, id_bytes);
  entry->expires = time(NULL) + (time_t)SSL_CTX_get_timeout(context->ctx);
  store(context->cache, entry);
  return 0; /* the reference stays OpenSSL's */
}

static SSL_SESSION *on_get(SSL *ssl, const unsigned char *id, int bytes, int *copy) {
  struct session_cache *cache = tls_context_of(ssl)->cache;
  uint8_t der[SESSION_BYTES_MOST];
  size_t der_bytes = 0;
  *copy = 0;
  if (bytes <= 0 || bytes > SSL_MAX_SSL_SESSION_ID_LENGTH) return NULL;
  pthread_mutex_lock(&cache->lock);
  struct entry *found = *find(cache, id, (size_t)bytes);
  if (found && found->expires > time(NULL)) memcpy(der, found->session, der_bytes = found->bytes);
  pthread_mutex_unlock(&cache->lock);
  const uint8_t *at = der;
  SSL_SESSION *session = der_bytes ? d2i_SSL_SESSION(NULL, &at, (long)der_bytes) : NULL;
  OPENSSL_cleanse(der, der_bytes);
  return session;
}

static void on_remove(SSL_CTX *ctx, SSL_SESSION *session) {
  struct session_cache *cache = tls_context_at(ctx)->cache;
  unsigned bytes;
  const uint8_t *id = SSL_SESSION_get_id(session, &bytes);
  pthread_mutex_lock(&cache->lock);
  struct entry **at = find(cache, id, bytes);
  if (*at) drop(cache, at);
  pthread_mutex_unlock(&cache->lock);
}

enum session_mode {
  SESSIONS_OFF, /* clients are told that nothing can be resumed */
  SESSIONS_NONE, /* they are told that it can, and it is forgotten */
  SESSIONS_BUILTIN, /* OpenSSL's own cache, one in each thread */
  SESSIONS_SHARED,
};

static void share_sessions(struct call *call, struct tls_context *context, napi_value options) {
  char name[NAME_BYTES];
  as_text(call, field(call, options, "cacheName"), "cacheName", name, sizeof name);
  int64_t bytes = as_int(call, field(call, options, "cacheBytes"), "cacheBytes", 0, INT64_C(1) << 40);
  if (call->failed) return;
  context->cache = cache_named(name, (size_t)bytes);
  if (!context->cache) return fail_system(call, ENOMEM, "calloc", "make", "a session cache");
  SSL_CTX_sess_set_new_cb(context->ctx, on_new);
  SSL_CTX_sess_set_get_cb(context->ctx, on_get);
  SSL_CTX_sess_set_remove_cb(context->ctx, on_remove);
}

static void serve_sessions(struct call *call, struct tls_context *context, napi_value options) {
  SSL_CTX *ctx = context->ctx;
  int64_t mode = as_int_or(call, field(call, options, "sessionMode"), "sessionMode", 0, SESSIONS_SHARED, SESSIONS_NONE);
  int64_t entries = as_int_or(call, field(call, options, "builtinEntries"), "builtinEntries", 0, INT32_MAX, 20480);
  int64_t seconds = as_int_or(call, field(call, options, "sessionTimeoutS"), "sessionTimeoutS", 0, INT32_MAX, 300);
  uint8_t *realm;
  size_t realm_bytes;
  as_bytes(call, field(call, options, "sessionRealm"), "sessionRealm", &realm, &realm_bytes);
  if (call->failed) return;
  SSL_CTX_set_timeout(ctx, (long)seconds);
  if (SSL_CTX_set_session_id_context(ctx, realm, (unsigned)realm_bytes) != 1)
    return fail_openssl(call, "SSL_CTX_set_session_id_context()");
  long kept = SSL_SESS_CACHE_SERVER | (mode == SESSIONS_BUILTIN ? 0 : SSL_SESS_CACHE_NO_INTERNAL | SSL_SESS_CACHE_NO_AUTO_CLEAR);
  SSL_CTX_set_session_cache_mode(ctx, mode == SESSIONS_OFF ? SSL_SESS_CACHE_OFF : kept);
  if (mode == SESSIONS_BUILTIN) SSL_CTX_sess_set_cache_size(ctx, (long)entries);
  if (mode == SESSIONS_SHARED) share_sessions(call, context, options);
}

/* ---- tickets (RFC 5077, RFC 8446 section 4.6.1) ---- */

static EVP_CIPHER *aes_128, *aes_256;
static pthread_once_t ciphers_once = PTHREAD_ONCE_INIT;

static void fetch_ciphers(void) {
  aes_128 = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
  aes_256 = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
}

static bool set_mac(EVP_MAC_CTX *mac, const struct ticket_key *key) {
  char digest[] = "SHA256";
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)(uintptr_t)key->hmac, key->hmac_bytes),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, params) == 1;
}

static int on_ticket(SSL *ssl, unsigned char name[16], unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                     int seals) {
  struct tls_context *context = tls_context_of(ssl);
  int at = 0;
  if (!seals)
    while (at < context->ticket_count && memcmp(context->tickets[at].name, name, 16) != 0) at++;
  if (at == context->ticket_count) return 0; /* of nobody we know: a full handshake */
  const struct ticket_key *key = &context->tickets[at];
  EVP_CIPHER *aes = key->aes_bytes == 16 ? aes_128 : aes_256;
  if (!set_mac(mac, key)) return -1;
  if (!seals) {
    if (EVP_DecryptInit_ex2(cipher, aes, key->aes, iv, NULL) != 1) return -1;
    /* A ticket of TLS 1.3 is good for once, and one made with an old key not much longer: the client gets a new one. */
    return at > 0 || SSL_version(ssl) == TLS1_3_VERSION ? 2 : 1;
  }
  memcpy(name, key->name, 16);
  if (RAND_bytes(iv, 16) != 1 || EVP_EncryptInit_ex2(cipher, aes, key->aes, iv, NULL) != 1) return -1;
  return 1;
}

/* 48 bytes: name, AES-128 key, HMAC key of 16 each; 80: name, then HMAC and AES-256 keys of 32. nginx reads them so. */
static bool read_key(struct ticket_key *key, const uint8_t *bytes, size_t length) {
  if (length != 48 && length != 80) return false;
  uint8_t half = length == 48 ? 16 : 32;
  memcpy(key->name, bytes, 16);
  memcpy(length == 48 ? key->aes : key->hmac, bytes + 16, half);
  memcpy(length == 48 ? key->hmac : key->aes, bytes + 16 + half, half);
  key->hmac_bytes = key->aes_bytes = half;
  return true;
}

void tls_use_tickets(struct call *call, struct tls_context *context, napi_value keys) {
  uint32_t count = 0;
  if (call->failed || !ok(call, napi_get_array_length(call->env, keys, &count))) return;
  if (count > TICKET_KEYS_MOST) count = TICKET_KEYS_MOST;
  struct ticket_key read[TICKET_KEYS_MOST];
  for (uint32_t i = 0; i < count; i++) {
    napi_value key = NULL;
    uint8_t *bytes;
    size_t length;
    ok(call, napi_get_element(call->env, keys, i, &key));
    as_bytes(call, key, "keys", &bytes, &length);
    if (!call->failed && !read_key(&read[i], bytes, length)) fail_type(call, "keys", "must have 48 or 80 bytes each");
    if (call->failed) return;
  }
  memcpy(context->tickets, read, count * sizeof *read);
  OPENSSL_cleanse(read, sizeof read);
  context->ticket_count = (int)count;
  pthread_once(&ciphers_once, fetch_ciphers);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context->ctx, on_ticket);
}

/* ---- as a client ---- */

/* Where the session of a connection is kept; NULL: nowhere. */
static SSL_SESSION **slot_of(const SSL *ssl) {
  struct tls_context *context = tls_context_of(ssl);
  intptr_t slot = (intptr_t)SSL_get_app_data(ssl) - 1;
  return slot >= 0 && slot < context->kept_size ? &context->kept[slot] : NULL;
}

static int on_given(SSL *ssl, SSL_SESSION *session) {
  SSL_SESSION **kept = slot_of(ssl);
  if (!kept) return 0;
  SSL_SESSION_free(*kept);
  *kept = session;
  return 1; /* the reference is ours */
}

void tls_keep_session(SSL *ssl) {
  SSL_SESSION **kept = slot_of(ssl);
  if (!kept || !SSL_session_reused(ssl) || SSL_version(ssl) == TLS1_3_VERSION) return;
  SSL_SESSION_free(*kept);
  *kept = SSL_get1_session(ssl);
}

static void keep_sessions(struct call *call, struct tls_context *context, napi_value options) {
  int64_t slots = as_int_or(call, field(call, options, "sessionSlots"), "sessionSlots", 0, KEPT_MOST, 0);
  if (call->failed || slots == 0) return;
  context->kept = calloc((size_t)slots, sizeof *context->kept);
  if (!context->kept) return fail_system(call, ENOMEM, "calloc", "keep", "sessions");
  context->kept_size = (int32_t)slots;
  SSL_CTX_set_session_cache_mode(context->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context->ctx, on_given);
}

void tls_use_sessions(struct call *call, struct tls_context *context, napi_value options) {
  if (call->failed) return;
  if (context->server) serve_sessions(call, context, options);
  else keep_sessions(call, context, options);
}
