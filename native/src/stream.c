/* Sockets in one epoll set: reads into a shared arena, writes at once, queues only what the kernel refuses. */
#include "stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_MOST 65536
#define READ_LEAST 16384 /* less room in the arena than this ends the batch: level-triggered epoll brings the rest */
#define READY_MOST 256
#define READY_EACH 64
#define EVENTS_EACH 5
#define TOIL_NS 2000000 /* handshakes of one batch: after this long the others get their turn */
#define ACCEPT_MOST 64 /* per listener and batch, so that a flood of connections does not starve the open ones */
#define NONE (-1)

struct stream *streams_get(struct streams *set, int32_t id) {
  if (id < 0 || id >= set->count || set->all[id].state == STREAM_FREE) return NULL;
  return &set->all[id];
}

static bool grow(struct streams *set) {
  int32_t size = set->size ? set->size * 2 : 256;
  struct stream *all = realloc(set->all, (size_t)size * sizeof *all);
  if (!all) return false;
  set->all = all;
  set->size = size;
  return true;
}

static int32_t take_slot(struct streams *set) {
  int32_t id = set->free;
  if (id != NONE) {
    set->free = set->all[id].next_free;
    return id;
  }
  if (set->count == set->size && !grow(set)) return -ENOMEM;
  return set->count++;
}

void streams_want(struct streams *set, int32_t id, uint32_t interest) {
  struct stream *stream = &set->all[id];
  if (stream->interest == interest) return;
  struct epoll_event event = {.events = interest, .data.u32 = (uint32_t)id};
  stream->interest = interest;
  epoll_ctl(set->epoll, EPOLL_CTL_MOD, stream->fd, &event);
}

int32_t streams_add(struct streams *set, int fd, enum stream_state state) {
  int32_t id = take_slot(set);
  uint32_t interest = state == STREAM_CONNECTING ? EPOLLOUT : EPOLLIN;
  struct epoll_event event = {.events = interest, .data.u32 = (uint32_t)id};
  if (id < 0 || epoll_ctl(set->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
    int error = id < 0 ? -id : errno;
    if (id >= 0) {
      set->all[id] = (struct stream){.fd = -1, .state = STREAM_FREE, .next_free = set->free};
      set->free = id;
    }
    close(fd);
    return -error;
  }
  set->all[id] = (struct stream){.fd = fd, .state = state, .interest = interest, .next_free = NONE};
  set->live++;
  return id;
}

void streams_close(struct streams *set, int32_t id, bool reset) {
  struct stream *stream = streams_get(set, id);
  if (!stream) return;
  if (reset) {
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  /* Closing takes a socket out of the epoll set only if nobody else holds the open file; of listeners others do. */
  if (stream->state == STREAM_LISTENING) epoll_ctl(set->epoll, EPOLL_CTL_DEL, stream->fd, NULL);
  close(stream->fd);
  free(stream->queue);
  *stream = (struct stream){.fd = -1, .state = STREAM_FREE, .next_free = set->freed, .tls = stream->tls};
  set->freed = id;
  set->live--;
}

void streams_end(struct streams *set) {
  streams_recycle(set);
  tls_end_set(set);
  free(set->all);
}

void streams_recycle(struct streams *set) {
  while (set->freed != NONE) {
    int32_t id = set->freed;
    set->freed = set->all[id].next_free;
    tls_free(set->all[id].tls);
    set->all[id].tls = NULL;
    set->all[id].next_free = set->free;
    set->free = id;
  }
}

void streams_read(struct streams *set, int32_t id, bool on) {
  struct stream *stream = streams_get(set, id);
  if (!stream || stream->state == STREAM_CONNECTING || stream->input_ended) return;
  streams_want(set, id, on ? stream->interest | EPOLLIN : stream->interest & ~(uint32_t)EPOLLIN);
}

/* ---- writing ---- */

static bool enqueue(struct stream *stream, const uint8_t *bytes, size_t length) {
  size_t waiting = stream->queue_end - stream->queue_at;
  if (stream->queue_end + length > stream->queue_size) {
    size_t size = waiting + length < 16384 ? 16384 : (waiting + length) * 2;
    uint8_t *queue = malloc(size);
    if (!queue) return false;
    if (waiting) memcpy(queue, stream->queue + stream->queue_at, waiting);
    free(stream->queue);
    stream->queue = queue;
    stream->queue_size = size;
    stream->queue_at = 0;
    stream->queue_end = waiting;
  }
  memcpy(stream->queue + stream->queue_end, bytes, length);
  stream->queue_end += length;
  return true;
}

int64_t streams_send(struct streams *set, int32_t id, const uint8_t *bytes, size_t length) {
  struct stream *stream = streams_get(set, id);
  if (!stream) return -EBADF;
  return stream->tls ? tls_send(set, id, bytes, length) : streams_send_raw(set, id, bytes, length);
}

int64_t streams_send_raw(struct streams *set, int32_t id, const uint8_t *bytes, size_t length) {
  struct stream *stream = &set->all[id];
  size_t sent = 0;
  if (stream->queue_end == stream->queue_at && stream->state == STREAM_OPEN) {
    ssize_t n = send(stream->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS) return -errno;
    if (n > 0) sent = (size_t)n;
  }
  if (sent == length) return 0;
  if (!enqueue(stream, bytes + sent, length - sent)) return -ENOMEM;
  if (stream->state == STREAM_OPEN) streams_want(set, id, stream->interest | EPOLLOUT);
  return (int64_t)(stream->queue_end - stream->queue_at);
}

bool streams_finish(struct streams *set, int32_t id, bool close_it) {
  struct stream *stream = streams_get(set, id);
  if (!stream) return false;
  if (stream->tls) tls_notify(set, id);
  if (stream->queue_end != stream->queue_at) {
    if (close_it) stream->close_after = true;
    else stream->end_after = true;
    return false;
  }
  if (!close_it) {
    shutdown(stream->fd, SHUT_WR);
    return false;
  }
  streams_close(set, id, false);
  return true;
}

/* ---- what is ready ---- */

int32_t *streams_emit(struct batch *batch, enum event_kind kind, int32_t id) {
  int32_t *event = batch->set->events + batch->events++ * EVENT_INTS;
  event[0] = kind;
  event[1] = id;
  event[2] = event[3] = event[4] = 0;
  return event;
}

void streams_emit_data(struct batch *batch, int32_t id, size_t length) {
  struct streams *set = batch->set;
  int32_t *event = streams_emit(batch, EVENT_DATA, id), *marks = set->marks + batch->marks;
  event[2] = (int32_t)batch->used;
  event[3] = (int32_t)length;
  int32_t written = set->names ? head_mark(set->names, set->arena + batch->used, length, marks, set->marks_size - batch->marks) : 0;
  if (written) event[4] = 1 + (int32_t)batch->marks;
  batch->marks += (size_t)written;
  batch->used += length;
}

void streams_emit_closed(struct batch *batch, int32_t id, int error) {
  streams_close(batch->set, id, false);
  streams_emit(batch, EVENT_CLOSED, id)[2] = error;
}

static int socket_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

static void put_address(int32_t *event, const struct sockaddr_storage *peer) {
  memset(event + 3, 0, 5 * sizeof *event);
  if (peer->ss_family == AF_INET) {
    const struct sockaddr_in *in = (const struct sockaddr_in *)peer;
    event[3] = (4 << 16) | ntohs(in->sin_port);
    event[4] = (int32_t)ntohl(in->sin_addr.s_addr);
  } else if (peer->ss_family == AF_INET6) {
    const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)peer;
    event[3] = (6 << 16) | ntohs(in->sin6_port);
    for (int i = 0; i < 4; i++) {
      uint32_t word;
      memcpy(&word, in->sin6_addr.s6_addr + 4 * i, sizeof word);
      event[4 + i] = (int32_t)ntohl(word);
    }
  } else {
    event[3] = 1 << 16;
  }
}

static void accept_ready(struct batch *batch, int32_t id) {
  struct streams *set = batch->set;
  for (int i = 0; i < ACCEPT_MOST && batch->events < set->events_size; i++) {
    struct sockaddr_storage peer = {0};
    socklen_t size = sizeof peer;
    int fd = accept4(set->all[id].fd, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
      int error = errno;
      streams_want(set, id, 0);
      streams_emit(batch, EVENT_ACCEPT_FAULT, id)[2] = error;
      return;
    }
    int32_t made = streams_add(set, fd, STREAM_OPEN);
    if (made < 0) continue;
    int32_t *event = streams_emit(batch, EVENT_ACCEPTED, id);
    event[2] = made;
    put_address(event, &peer);
  }
}

static void connect_ready(struct batch *batch, int32_t id) {
  struct stream *stream = &batch->set->all[id];
  int error = socket_error(stream->fd);
  if (error) return streams_emit_closed(batch, id, error);
  stream->state = STREAM_OPEN;
  streams_want(batch->set, id, EPOLLIN);
  streams_emit(batch, EVENT_CONNECTED, id);
}

/* Returns false when the stream is closed by it. */
static bool drain(struct batch *batch, int32_t id) {
  struct streams *set = batch->set;
  struct stream *stream = &set->all[id];
  size_t waiting = stream->queue_end - stream->queue_at;
  ssize_t n = waiting ? send(stream->fd, stream->queue + stream->queue_at, waiting, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
  if (n < 0) {
    if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) return true;
    streams_emit_closed(batch, id, errno);
    return false;
  }
  stream->queue_at += (size_t)n;
  if (stream->queue_at < stream->queue_end) return true;
  free(stream->queue);
  stream->queue = NULL;
  stream->queue_at = stream->queue_end = stream->queue_size = 0;
  streams_want(set, id, stream->interest & ~(uint32_t)EPOLLOUT);
  if (stream->close_after) {
    streams_emit_closed(batch, id, 0);
    return false;
  }
  if (stream->end_after) shutdown(stream->fd, SHUT_WR);
  streams_emit(batch, EVENT_DRAINED, id);
  return true;
}

static void read_ready(struct batch *batch, int32_t id) {
  struct streams *set = batch->set;
  struct stream *stream = &set->all[id];
  size_t room = set->arena_size - batch->used;
  ssize_t n = recv(stream->fd, set->arena + batch->used, room < READ_MOST ? room : READ_MOST, MSG_DONTWAIT);
  if (n > 0) {
    streams_emit_data(batch, id, (size_t)n);
  } else if (n == 0) {
    stream->input_ended = true;
    streams_emit(batch, EVENT_END, id);
  } else if (errno != EAGAIN && errno != EINTR) {
    streams_emit_closed(batch, id, errno);
  }
}

static void handle(struct batch *batch, int32_t id, uint32_t ready) {
  struct stream *stream = streams_get(batch->set, id);
  if (!stream) return;
  if (stream->state == STREAM_LISTENING) return accept_ready(batch, id);
  if (stream->state == STREAM_CONNECTING) return connect_ready(batch, id);
  if (stream->tls && tls_puts_off(stream->tls)) return tls_ready(batch, id);
  if ((ready & EPOLLOUT) && !drain(batch, id)) return;
  if ((ready & EPOLLIN) && !stream->input_ended) return stream->tls ? tls_ready(batch, id) : read_ready(batch, id);
  /* Its end was told. Only now, for most are closed before they are asked about again. */
  if (ready & EPOLLIN) streams_want(batch->set, id, stream->interest & ~(uint32_t)EPOLLIN);
  /* Both ways are shut, or it was reset: epoll would go on saying so for ever. */
  if (ready & (EPOLLHUP | EPOLLERR)) streams_emit_closed(batch, id, socket_error(stream->fd));
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Returns false when the batch is full, or has taken long enough. */
static bool handle_some(struct batch *batch, const struct epoll_event *ready, int count, int64_t *since) {
  struct streams *set = batch->set;
  for (int i = 0; i < count; i++) {
    /* Room for what one descriptor can bring: drained, secure, data, end or fault and closed; or its accepts up to the end. */
    if (batch->events + EVENTS_EACH > set->events_size || set->arena_size - batch->used < READ_LEAST) return false;
    handle(batch, (int32_t)ready[i].data.u32, ready[i].events);
    if (!batch->toiled) continue;
    if (*since == 0) *since = now_ns();
    else if (now_ns() - *since > TOIL_NS) return false;
  }
  return true;
}

/* A few descriptors at a time: those that epoll has told of go to the end of its list, so that when a batch ends early the
 * next one begins with those that were not reached. */
int32_t streams_poll(struct streams *set) {
  struct epoll_event ready[READY_EACH];
  struct batch batch = {.set = set};
  int64_t since = 0;
  for (int round = 0; round < READY_MOST / READY_EACH; round++) {
    int count = epoll_wait(set->epoll, ready, READY_EACH, 0);
    if (count <= 0 || !handle_some(&batch, ready, count, &since) || count < READY_EACH) break;
  }
  return batch.events;
}
