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
    let out = '';
    let at = 0;
    for (let found = first(small, at, this.#rules); found; found = first(small, at, this.#rules)) {
      // A text that begins further left may still be completed: then that one counts.
      if (unfinished(small, at, this.#rules) < found.at) break;
      out += text.slice(at, found.at) + found.rule.to;
      at = found.at + found.rule.from.length;
      if (this.#once) this.#rules = this.#rules.filter(rule => rule !== found!.rule);
    }
    const keep = unfinished(small, at, this.#rules);
    this.#held = text.slice(keep);
    return out + text.slice(at, keep);
  }
}

/** The leftmost text; of several that begin there the one that stands first in the configuration. */
function first(
  small: string,
  from: number,
  rules: readonly Rule[],
): { readonly at: number; readonly rule: Rule } | undefined {
  let best: { at: number; rule: Rule } | undefined;
  for (const rule of rules) {
    const at = small.indexOf(rule.from, from);
    if (at !== -1 && (!best || at < best.at)) best = { at, rule };
  }
  return best;
}

/** Where the longest end of `small` begins that is the beginning of a text; its length when none is. */
function unfinished(small: string, from: number, rules: readonly Rule[]): number {
  const longest = Math.max(0, ...rules.map(rule => rule.from.length - 1));
  for (let at = Math.max(from, small.length - longest); at < small.length; at++) {
    const end = small.slice(at);
    if (rules.some(rule => rule.from.length > end.length && rule.from.startsWith(end))) return at;
  }
  return small.length;
}
