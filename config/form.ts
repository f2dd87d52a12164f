/** How the words of a line fall to the arguments of a directive. */
import { suggest } from '#kit/suggest.ts';
import { type Argument, ArgumentFault, type ArgumentSpec, type ArgumentValues } from './argument.ts';
import type { DiagnosticCode } from './diagnostic-code.ts';
import type { Site, Token } from './lex.ts';
import type { Node } from './parse.ts';
import type { Scope } from './scope.ts';
import { strayUnitHint } from './spelling.ts';

type Place = readonly [key: string, argument: Argument<unknown>];

const QUOTE_HINT = 'quotes go around the whole word: "name=some text"';

const isNamed = ([, { standing }]: Place) => standing === 'param' || standing === 'word';

/** Built once a directive; reads each of its lines. */
export class Form<A extends ArgumentSpec> {
  /** The arguments that have a place, in order. */
  readonly #places: readonly Place[];
  /** The first so many places must be filled before a word is looked up among the names. */
  readonly #needed: number;
  readonly #named: ReadonlyMap<string, Argument<unknown>>;
  readonly #name: string;

  /** @param name of the directive, for messages */
  constructor(name: string, spec: A) {
    const places = Object.entries(spec);
    this.#name = name;
    this.#places = places.filter(place => !isNamed(place));
    this.#needed = this.#places.filter(([, { standing }]) => standing === 'one').length;
    this.#named = new Map(places.filter(isNamed));
  }

  /** Tells every word that does not fit. @returns undefined when one does not */
  read(node: Node, scope: Scope): ArgumentValues<A> | undefined {
    const line = new LineReading(this.#name, node, scope);
    let place = 0;
    for (const token of node.args) {
      if (place >= this.#needed && this.#readNamed(token, line)) continue;
      const next = this.#places[place];
      if (!next) {
        this.#refuse(token, line);
        return undefined;
      }
      if (next[1].standing !== 'rest') place++;
      line.read(next[0], next[1], token.text, token);
    }
    this.#refuseMissing(place, line);
    // Each value was made by the argument of its key, so the record is what the definition promises.
    return line.sound ? (line.values as ArgumentValues<A>) : undefined;
  }

  /** Reads `name=value` or a bare word, if the definition has one of that name. */
  #readNamed(token: Token, line: LineReading): boolean {
    if (this.#named.size === 0) return false;
    const { text } = token;
    const equals = text.indexOf('=');
    const key = equals === -1 ? text : text.slice(0, equals);
    const argument = this.#named.get(key);
    if (!argument || (argument.standing === 'word') !== (equals === -1)) return false;
    line.read(key, argument, equals === -1 ? text : text.slice(equals + 1), token);
    return true;
  }

  #refuse(token: Token, line: LineReading): void {
    const { text } = token;
    const within = line.quoteWithin();
    if (within)
      return line.fault('value', `${within.text} opens a quote within the word`, within, QUOTE_HINT);
    const names = [...this.#named.keys()];
    if (names.length === 0)
      return line.fault(
        'too-many',
        `too many arguments: "${text}"`,
        token,
        strayUnitHint(line.wordBefore(token), text),
      );
    const near = suggest(text.split('=')[0]!, names);
    const hint = near ? `did you mean "${near}"?` : `it knows ${names.join(', ')}`;
    line.fault('unknown-parameter', `unknown parameter "${text}"`, token, hint);
  }

  #refuseMissing(place: number, line: LineReading): void {
    for (let at = place; at < this.#places.length; at++) {
      const [key, { standing, says, least }] = this.#places[at]!;
      if (standing === 'one') line.fault('too-few', `"${key}" is missing: ${says}`);
      if (standing === 'rest') line.refuseShort(key, least, says);
    }
  }
}

/** One line while it is read: the values so far, and whether all was sound. */
class LineReading {
  readonly values: Record<string, unknown> = {};
  sound = true;
  readonly #name: string;
  readonly #node: Node;
  readonly #scope: Scope;

  constructor(name: string, node: Node, scope: Scope) {
    this.#name = name;
    this.#node = node;
    this.#scope = scope;
  }

  read(key: string, argument: Argument<unknown>, text: string, token: Token): void {
    try {
      const at = text === token.text ? token : { ...token, text };
      const value = argument.read(text, { token: at, scope: this.#scope });
      if (argument.standing === 'rest') ((this.values[key] ??= []) as unknown[]).push(value);
      else {
        if (key in this.values) this.#warnOfTwice(key, token);
        this.values[key] = value;
      }
    } catch (error) {
      if (!(error instanceof ArgumentFault)) throw error;
      this.fault('value', error.message, error.site ?? token, error.hint);
    }
  }

  /** nginx takes the last one without a word. */
  #warnOfTwice(key: string, token: Token): void {
    const message = `${this.#name}: "${key}" is given twice`;
    this.#scope.faults.warn('duplicate', message, token, 'the last one counts: take the others out');
  }

  wordBefore(token: Token): string | undefined {
    return this.#node.args[this.#node.args.indexOf(token) - 1]?.text;
  }

  /** A word like `name="some`: quotes count at the start of a word only, so its text goes on in the next ones. */
  quoteWithin(): Token | undefined {
    return this.#node.args.find(({ quote, text }) => quote === '' && /^\w+=["']/.test(text));
  }

  /** A `rest` that got nothing is an empty list. */
  refuseShort(key: string, least: number, says: string): void {
    const got = ((this.values[key] ??= []) as unknown[]).length;
    if (got < least && this.sound) this.fault('too-few', `takes at least ${least} of "${key}": ${says}`);
  }

  fault(code: DiagnosticCode, message: string, site: Site = this.#node.name, hint?: string): void {
    this.sound = false;
    this.#scope.faults.error(code, `${this.#name}: ${message}`, site, hint);
  }
}
