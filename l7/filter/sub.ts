/** sub_filter: replaces texts in a body while it streams, also where they cross the border of two pieces. */
import type { BodySink } from '../response.ts';
import type { Compiler, HeaderFilter } from '../tables.ts';

/** What is looked for in one answer: `from` in lower case, never empty. */
interface Rule {
  readonly from: string;
  readonly to: string;
}

export function subFilter({ location, text }: Compiler): HeaderFilter | undefined {
  const { rules, types, once, keepLastModified } = location.settings.sub;
  if (rules.length === 0) return undefined;
  const made = rules.map(({ from, to }) => ({ from: text(from), to: text(to) }));
  return (exchange, response) => {
    if (response.contentLength === 0 || (types !== 'any' && !types.includes(response.mediaType))) return;
    const active = made
      .map(({ from, to }): Rule => ({ from: lower(from(exchange)), to: to(exchange) }))
      .filter(({ from }) => from !== '');
    if (active.length === 0) return;
    response.bodyChanges();
    if (!keepLastModified) {
      response.lastModifiedMs = undefined;
      response.headers.remove('last-modified');
      response.headers.remove('etag');
    }
    exchange.addFilter(next => new Replacer(next, active, once));
  };
}

/** Lower case of ASCII letters only: bytes above 127 are whatever the page's charset makes of them. */
const lower = (text: string) => text.replace(/[A-Z]+/g, letters => letters.toLowerCase());

class Replacer implements BodySink {
  readonly #next: BodySink;
  readonly #once: boolean;
  #rules: readonly Rule[];
  /** The end of what came: a text may begin in it that the next piece goes on with. */
  #held = '';

  constructor(next: BodySink, rules: readonly Rule[], once: boolean) {
    this.#next = next;
    this.#rules = rules;
    this.#once = once;
  }

  write(data: Buffer): boolean {
    if (this.#rules.length === 0) return this.#next.write(data);
    const out = this.#replace(this.#held + data.latin1Slice());
    return out === '' ? true : this.#next.write(Buffer.from(out, 'latin1'));
  }

  end(): void {
    if (this.#held !== '') this.#next.write(Buffer.from(this.#held, 'latin1'));
    this.#next.end();
  }

  /** Replaces what is complete, and holds back the longest end that may be the beginning of a text. */
  #replace(text: string): string {
    const small = lower(text);
    const next = this.#rules.map(({ from }) => small.indexOf(from));
    let out = '';
    let at = 0;
    let open = unfinished(small, at, this.#rules);
    for (let chosen = leftmost(next); chosen !== -1; chosen = leftmost(next)) {
      const place = next[chosen]!;
      // A text that begins further left may still be completed, or there one that stands before this: then that one counts.
      const stands = this.#rules.slice(0, chosen);
      if (open < place || (open === place && isUnfinished(small.slice(place), stands))) break;
      const { from, to } = this.#rules[chosen]!;
      out += text.slice(at, place) + to;
      at = place + from.length;
      if (this.#once) {
        this.#rules = this.#rules.toSpliced(chosen, 1);
        next.splice(chosen, 1);
      }
      passTo(at, next, small, this.#rules);
      if (this.#once || open < at) open = unfinished(small, at, this.#rules);
    }
    this.#held = text.slice(open);
    return out + text.slice(at, open);
  }
}

/** The number of the leftmost; of several at one place that of the first in the configuration; -1 when there is none. */
function leftmost(next: readonly number[]): number {
  let best = -1;
  for (let rule = 0; rule < next.length; rule++)
    if (next[rule] !== -1 && (best === -1 || next[rule]! < next[best]!)) best = rule;
  return best;
}

/** What was passed is looked for again. Texts that are further on stay known: each place is looked at once a text. */
function passTo(at: number, next: number[], small: string, rules: readonly Rule[]): void {
  for (let rule = 0; rule < next.length; rule++)
    if (next[rule] !== -1 && next[rule]! < at) next[rule] = small.indexOf(rules[rule]!.from, at);
}

/** Where the longest end of `small` begins that is the beginning of a text; its length when none is. */
function unfinished(small: string, from: number, rules: readonly Rule[]): number {
  const longest = Math.max(0, ...rules.map(rule => rule.from.length - 1));
  for (let at = Math.max(from, small.length - longest); at < small.length; at++)
    if (isUnfinished(small.slice(at), rules)) return at;
  return small.length;
}

/** Whether one of the texts begins with this, and goes on. */
const isUnfinished = (end: string, rules: readonly Rule[]): boolean =>
  rules.some(rule => rule.from.length > end.length && rule.from.startsWith(end));
