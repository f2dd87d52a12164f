/* Byte streams in one epoll set: what stream.c (the sockets) and stream_loop.c (the JavaScript side) share. */
#ifndef MOAT_STREAM_H
#define MOAT_STREAM_H

#include "head.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Events, as JavaScript reads them: EVENT_INTS numbers each. native/stream-events.ts and stream-output.ts hold the same names; a test compares. */
enum event_kind {
  EVENT_DATA = 1, /* stream, offset in the arena, bytes, 1 + where the marks of the head that it begins with are, or 0 */
  EVENT_END = 2, /* stream: the peer sent FIN */
  EVENT_CLOSED = 3, /* stream, errno or 0: it is gone, its number may come again after the next poll */
  EVENT_CONNECTED = 4, /* stream */
  EVENT_DRAINED = 5, /* stream: nothing waits to be sent any more */
  EVENT_ACCEPTED = 6, /* listener, new stream, family (4, 6 or 1 for unix), port, four words of address */
  EVENT_ACCEPT_FAULT = 7, /* listener, errno: accepting is paused until it is resumed */
  EVENT_SECURE = 8, /* stream, offset in the arena, bytes: TLS stands, and that protocol was agreed on (ALPN) */
  EVENT_FAULT = 9, /* stream, offset in the arena, bytes: what is wrong, in words; EVENT_CLOSED follows */
};
#define EVENT_INTS 8

/* Entries of the output list, OUT_INTS numbers each: stream, offset in the output buffer, bytes; or one of these for bytes. */
#define OUT_INTS 3
#define OUT_END (-1) /* send FIN once all is sent */
#define OUT_CLOSE (-2) /* close once all is sent */

enum stream_state { STREAM_FREE, STREAM_LISTENING, STREAM_CONNECTING, STREAM_OPEN };

struct stream {
  int fd;
  enum stream_state state;
  uint32_t interest; /* EPOLLIN, EPOLLOUT as registered */
  bool input_ended;
  bool end_after, close_after; /* once the queue is empty */
  uint8_t *queue; /* bytes the kernel did not take */
  size_t queue_at, queue_end, queue_size;
  int32_t next_free;
  struct tls *tls; /* kept after the end until the next poll: its facts are still asked for */
};

struct tls_io;
struct bio_method_st;

struct streams {
  int epoll;
  struct stream *all;
  int32_t count, size; /* slots in use at some time; slots allocated */
  int32_t free, freed; /* reusable now; from the next poll on */
  int32_t live;
  uint8_t *arena;
  size_t arena_size;
  int32_t *events;
  int32_t events_size; /* in events */
  struct tls_io *tls_io; /* both from the first stream with TLS on */
  struct bio_method_st *tls_method;
  const struct head_names *names; /* NULL: no head is marked */
  int32_t *marks;
  size_t marks_size;
};

/* Number of the new stream, or -errno. The descriptor belongs to the stream from then on, also on failure. */
int32_t streams_add(struct streams *set, int fd, enum stream_state state);
/* Waits for nothing: handles what is ready, fills arena and events, returns how many events. */
int32_t streams_poll(struct streams *set);
/* Bytes that wait after it, or -errno. */
int64_t streams_send(struct streams *set, int32_t id, const uint8_t *bytes, size_t length);
/* Closes now; no event follows. */
void streams_close(struct streams *set, int32_t id, bool reset);
/* FIN, or close, once all is sent. Returns true when the stream is closed by it already. */
bool streams_finish(struct streams *set, int32_t id, bool close_it);
void streams_read(struct streams *set, int32_t id, bool on);
/* Numbers closed so far may be given again. */
void streams_recycle(struct streams *set);
/* NULL when there is no such stream. */
struct stream *streams_get(struct streams *set, int32_t id);

/* Frees what the set itself holds; all streams are closed. */
void streams_end(struct streams *set);

/* ---- between stream.c and tls_stream.c ---- */

/* What one poll has found so far. */
struct batch {
  struct streams *set;
  int32_t events;
  size_t used; /* of the arena */
  size_t marks; /* used of them */
  bool toiled; /* a handshake went on: that takes its time */
};

int32_t *streams_emit(struct batch *batch, enum event_kind kind, int32_t id);
/* Tells of bytes that lie at the arena's first free place, and marks the head that they may begin with. */
void streams_emit_data(struct batch *batch, int32_t id, size_t length);
/* Closes, and tells. */
void streams_emit_closed(struct batch *batch, int32_t id, int error);
void streams_want(struct streams *set, int32_t id, uint32_t interest);
/* Sends or queues bytes as they are. */
int64_t streams_send_raw(struct streams *set, int32_t id, const uint8_t *bytes, size_t length);

/* A stream with TLS can be read, or has work that was put off. */
void tls_ready(struct batch *batch, int32_t id);
bool tls_puts_off(const struct tls *tls);
int64_t tls_send(struct streams *set, int32_t id, const uint8_t *bytes, size_t length);
/* Sends close_notify, once. */
void tls_notify(struct streams *set, int32_t id);
void tls_free(struct tls *tls);
void tls_end_set(struct streams *set);

#endif
