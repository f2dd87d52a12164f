/* One pass over a head that is written as nearly all are: CRLF, one space after the colon, no blank at the end of a line. */
#include "head.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 512 /* a power of two, more than twice the names */
#define NAME_MOST 64

struct name {
  const uint8_t *text; /* as it is spelled */
  uint8_t length;
};

struct head_names {
  uint8_t *text;
  struct name spelled[SLOTS]; /* even: lower case, odd: the usual spelling */
  uint8_t slots[SLOTS]; /* 1 + half the number; 0: free */
};

static uint32_t slot_of(const uint8_t *name, size_t length) {
  uint32_t first = name[0] | 0x20, middle = name[length / 2] | 0x20, last = name[length - 1] | 0x20;
  return ((uint32_t)length * 37 + first * 101 + middle * 59 + last * 17) % SLOTS;
}

struct head_names *head_names_make(const uint8_t *names, size_t length) {
  struct head_names *made = calloc(1, sizeof *made);
  if (!made) return NULL;
  made->text = malloc(length ? length : 1);
  if (!made->text) {
    free(made);
    return NULL;
  }
  memcpy(made->text, names, length);
  uint32_t number = 0;
  for (size_t at = 0; at < length && number < 2 * 0xfe;) {
    const uint8_t *line = made->text + at;
    const uint8_t *end = memchr(line, '\n', length - at);
    size_t size = end ? (size_t)(end - line) : length - at;
    at += size + 1;
    if (size == 0 || size > NAME_MOST) continue;
    made->spelled[number] = (struct name){.text = line, .length = (uint8_t)size};
    if (number % 2 == 0) {
      uint32_t slot = slot_of(line, size);
      while (made->slots[slot]) slot = (slot + 1) % SLOTS;
      made->slots[slot] = (uint8_t)(1 + number / 2);
    }
    number++;
  }
  return made;
}

void head_names_free(struct head_names *names) {
  if (names) free(names->text);
  free(names);
}

static bool spells(const struct name *name, const uint8_t *text, size_t length) {
  return name->length == length && memcmp(name->text, text, length) == 0;
}

/* Number of the name as it is spelled here, or -1. */
static int32_t number_of(const struct head_names *names, const uint8_t *text, size_t length) {
  if (length > NAME_MOST) return -1;
  for (uint32_t slot = slot_of(text, length); names->slots[slot]; slot = (slot + 1) % SLOTS) {
    int32_t lower = 2 * (names->slots[slot] - 1);
    if (names->spelled[lower].length != length) continue;
    if (spells(&names->spelled[lower + 1], text, length)) return lower + 1;
    if (spells(&names->spelled[lower], text, length)) return lower;
  }
  return -1;
}

/* Kinds of bytes. */
#define NAME 1 /* stands in a field name that nobody disputes */
#define TEXT 2 /* stands in a value; so does a blank */
#define METHOD 4
#define TARGET 8

static uint8_t kinds[256];

__attribute__((constructor)) static void classify(void) {
  for (int byte = 0; byte < 256; byte++) {
    bool digit = byte >= '0' && byte <= '9', upper = byte >= 'A' && byte <= 'Z', lower = byte >= 'a' && byte <= 'z';
    if (digit || upper || lower || byte == '-') kinds[byte] |= NAME;
    if ((byte >= 32 && byte != 127) || byte == '\t') kinds[byte] |= TEXT;
    if (upper || byte == '-' || byte == '_') kinds[byte] |= METHOD;
    if (byte > 32 && byte != 127 && byte != '#') kinds[byte] |= TARGET;
  }
}

/* First position from `at` whose byte is not of the kind; at most `length`. */
static size_t span(const uint8_t *bytes, size_t at, size_t length, uint8_t kind) {
  while (at < length && (kinds[bytes[at]] & kind)) at++;
  return at;
}

#define EACH(byte) (0x0101010101010101ULL * (byte))

/* span() of TEXT, eight bytes at a time: stops where one of them is a control character, and looks closer. */
static size_t text_span(const uint8_t *bytes, size_t at, size_t length) {
  for (;;) {
    while (at + 8 <= length) {
      uint64_t word, del;
      memcpy(&word, bytes + at, 8);
      del = word ^ EACH(0x7f);
      if ((((word - EACH(0x20)) & ~word) | ((del - EACH(1)) & ~del)) & EACH(0x80)) break;
      at += 8;
    }
    size_t end = at + 8 < length ? at + 8 : length;
    at = span(bytes, at, end, TEXT);
    if (at < end || at == length) return at;
  }
}

static bool ends_line(const uint8_t *bytes, size_t at, size_t length) {
  return at + 1 < length && bytes[at] == '\r' && bytes[at + 1] == '\n';
}

/* "HTTP/1.0" or "HTTP/1.1" at `at`: its minor version, or -1. */
static int32_t version_at(const uint8_t *bytes, size_t at, size_t length) {
  if (at + 8 > length || memcmp(bytes + at, "HTTP/1.", 7) != 0) return -1;
  return bytes[at + 7] == '1' ? 1 : bytes[at + 7] == '0' ? 0 : -1;
}

/* Returns where the line ends, or 0. */
static size_t mark_request_line(const uint8_t *bytes, size_t length, int32_t *marks) {
  size_t method = span(bytes, 0, length, METHOD);
  if (method == 0 || method >= length || bytes[method] != ' ') return 0;
  size_t target = span(bytes, method + 1, length, TARGET);
  if (target == method + 1 || target >= length || bytes[target] != ' ') return 0;
  int32_t minor = version_at(bytes, target + 1, length);
  if (minor < 0) return 0;
  marks[HEAD_KIND] = HEAD_REQUEST;
  marks[HEAD_MINOR] = minor;
  marks[HEAD_WORD] = (int32_t)method;
  marks[HEAD_REST] = (int32_t)target;
  return target + 9;
}

static size_t mark_status_line(const uint8_t *bytes, size_t length, int32_t *marks) {
  int32_t minor = version_at(bytes, 0, length);
  if (minor < 0 || length < 14 || bytes[8] != ' ' || bytes[12] != ' ') return 0;
  int32_t status = 0;
  for (size_t at = 9; at < 12; at++) {
    if (bytes[at] < '0' || bytes[at] > '9') return 0;
    status = status * 10 + (bytes[at] - '0');
  }
  marks[HEAD_KIND] = HEAD_RESPONSE;
  marks[HEAD_MINOR] = minor;
  marks[HEAD_WORD] = status;
  marks[HEAD_REST] = 13;
  return text_span(bytes, 13, length);
}

/* Marks the field whose line begins at `at`; returns where it ends, or 0. */
static size_t mark_field(const struct head_names *names, const uint8_t *bytes, size_t at, size_t length, int32_t *field) {
  size_t colon = span(bytes, at, length, NAME);
  if (colon == at || colon + 2 >= length || bytes[colon] != ':' || bytes[colon + 1] != ' ') return 0;
  size_t value = colon + 2, end = text_span(bytes, value, length);
  if (end == value || bytes[value] == ' ' || bytes[value] == '\t') return 0;
  if (bytes[end - 1] == ' ' || bytes[end - 1] == '\t' || !ends_line(bytes, end, length)) return 0;
  field[0] = number_of(names, bytes + at, colon - at);
  field[1] = (int32_t)at;
  field[2] = (int32_t)colon;
  return end;
}

int32_t head_mark(const struct head_names *names, const uint8_t *bytes, size_t length, int32_t *marks, size_t room) {
  if (room < HEAD_INTS + HEAD_MOST_FIELDS * HEAD_FIELD_INTS + 1 || length < 16) return 0;
  bool answer = bytes[0] == 'H' && bytes[4] == '/';
  size_t end = answer ? mark_status_line(bytes, length, marks) : mark_request_line(bytes, length, marks);
  if (end == 0 || !ends_line(bytes, end, length)) return 0;
  marks[HEAD_LINE_END] = (int32_t)end;
  int32_t *field = marks + HEAD_INTS, count = 0;
  size_t at = end + 2;
  while (!ends_line(bytes, at, length)) {
    if (count++ == HEAD_MOST_FIELDS) return 0;
    size_t line_end = mark_field(names, bytes, at, length, field);
    if (line_end == 0) return 0;
    field += HEAD_FIELD_INTS;
    at = line_end + 2;
  }
  *field++ = (int32_t)at;
  marks[HEAD_END] = (int32_t)at + 2;
  marks[HEAD_FIELDS] = count;
  return (int32_t)(field - marks);
}
