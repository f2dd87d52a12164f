/* Runs patterns on values with PCRE2, compiled as ModSecurity 2 does, for test/waf/regex/pcre2.ts.
 *
 * stdin:  u8 groups?; u32 limit of backtracking; u32 patterns, each: u8 flags (1 caseless, 2 multiline), u32 length, bytes; u32 values, each: u32 length, bytes
 * stdout: per pattern: i32 0, or the offset of the fault plus one; without a fault per value: i8 1 match, 0 none, -1 gave up;
 *         with groups, after a 1: 10 pairs of i32, -1 for a group that did not match. Native byte order. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct text { uint32_t length; uint8_t flags; uint8_t *bytes; };

static void take(void *to, size_t size) {
  if (fread(to, 1, size, stdin) != size) { fputs("pcre2: the input ends too early\n", stderr); exit(2); }
}

static uint32_t take_count(void) { uint32_t count; take(&count, 4); return count; }

static struct text *take_texts(uint32_t count, int flagged) {
  struct text *texts = calloc(count + 1, sizeof *texts);
  for (uint32_t i = 0; i < count; i++) {
    if (flagged) take(&texts[i].flags, 1);
    texts[i].length = take_count();
    texts[i].bytes = malloc(texts[i].length + 1);
    take(texts[i].bytes, texts[i].length);
  }
  return texts;
}

static void put(int32_t number) { fwrite(&number, 4, 1, stdout); }

static void put_groups(int found, const size_t *ovector, uint32_t pairs) {
  for (int group = 0; group < 10; group++) {
    int there = group < found && (uint32_t)group < pairs && ovector[2 * group] != PCRE2_UNSET;
    put(there ? (int32_t)ovector[2 * group] : -1);
    put(there ? (int32_t)ovector[2 * group + 1] : -1);
  }
}

int main(void) {
  uint8_t groups;
  take(&groups, 1);
  uint32_t limit = take_count();
  uint32_t pattern_count = take_count();
  struct text *patterns = take_texts(pattern_count, 1);
  uint32_t value_count = take_count();
  struct text *values = take_texts(value_count, 0);
  pcre2_match_context *context = pcre2_match_context_create(NULL);
  pcre2_set_match_limit(context, limit);
  pcre2_jit_stack_assign(context, NULL, pcre2_jit_stack_create(1 << 16, 64 << 20, NULL));
  for (uint32_t p = 0; p < pattern_count; p++) {
    int error;
    size_t offset;
    /* Two optimisations that change no result, but for faults: with them 10.42 does not find "b" by b?a?+\S(?:\d{2}(?:c|))*+ */
    uint32_t options = PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NO_AUTO_POSSESS | PCRE2_NO_START_OPTIMIZE;
    if (patterns[p].flags & 1) options |= PCRE2_CASELESS;
    if (patterns[p].flags & 2) options |= PCRE2_MULTILINE;
    pcre2_code *code = pcre2_compile(patterns[p].bytes, patterns[p].length, options, &error, &offset, NULL);
    put(code ? 0 : (int32_t)offset + 1);
    if (!code) continue;
    /* The compiler's code leaves groups set that a possessive repetition had matched where it then failed (10.42). */
    if (!groups) pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
    for (uint32_t v = 0; v < value_count; v++) {
      int found = pcre2_match(code, values[v].bytes, values[v].length, 0, 0, data, context);
      int8_t verdict = found > 0 ? 1 : found == PCRE2_ERROR_NOMATCH ? 0 : -1;
      fwrite(&verdict, 1, 1, stdout);
      if (groups && verdict == 1) put_groups(found, pcre2_get_ovector_pointer(data), pcre2_get_ovector_count(data));
    }
    pcre2_match_data_free(data);
    pcre2_code_free(code);
  }
  return 0;
}
