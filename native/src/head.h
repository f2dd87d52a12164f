/* Marks of the parts of an HTTP/1.x head, made while its bytes are still warm from recv(). */
#ifndef MOAT_HEAD_H
#define MOAT_HEAD_H

#include <stddef.h>
#include <stdint.h>

/* A record of marks: these numbers, HEAD_FIELD_INTS for each field, and the position of the empty line.
 * Positions count from the first byte. native/head-marks.ts holds the same names; a test compares. */
enum head_int {
  HEAD_KIND = 0,
  HEAD_END = 1, /* behind the empty line */
  HEAD_MINOR = 2, /* of HTTP/1.x: 0 or 1 */
  HEAD_WORD = 3, /* a request: where its method ends; an answer: its status */
  HEAD_REST = 4, /* a request: where its target ends; an answer: where its reason begins */
  HEAD_LINE_END = 5, /* of the first line, without CRLF */
  HEAD_FIELDS = 6, /* how many */
};
#define HEAD_INTS 7

enum head_kind { HEAD_REQUEST = 1, HEAD_RESPONSE = 2 };

/* A field: number of its name, or -1; where its line begins; where its colon is. Its value begins two behind the colon
 * and ends two before the next line. */
#define HEAD_FIELD_INTS 3
#define HEAD_MOST_FIELDS 64

struct head_names;

/* names: lines of lower-case and usual spelling in turn ("host\nHost\n..."), numbered from 0; NULL when out of memory. */
struct head_names *head_names_make(const uint8_t *names, size_t length);
void head_names_free(struct head_names *names);

/* Marks the head at the start of `bytes`. Returns how many numbers it wrote; 0 when there is no complete head that leaves
 * no question: those are for the parser in l7/wire/h1/, which alone refuses. */
int32_t head_mark(const struct head_names *names, const uint8_t *bytes, size_t length, int32_t *marks, size_t room);

#endif
