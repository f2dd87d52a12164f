/** The plan of a drill of somebody's own cluster: what is asked all the time, what is broken and how, what is promised. */
import { type Statement, statementsOf } from '#config';
import { suggest } from '#kit/suggest.ts';
import { parseDurationMs } from '#kit/units.ts';

export interface PlannedFault {
  readonly name: string;
  /** Lines of shell. */
  readonly break: string;
  readonly mend: string | undefined;
  /** Must end with 0 while it is broken, and once it is mended. */
  readonly checkBroken: string | undefined;
  readonly checkMended: string | undefined;
  readonly lastsMs: number;
  /** So many requests may fail; undefined: any number. */
  readonly mayFail: number | undefined;
  /** So long each address may give no good answer; undefined: for as long as it lasts. */
  readonly maySilentMs: number | undefined;
  /** So soon after mending each address has to answer again. */
  readonly healMs: number;
}

export interface ClusterPlan {
  readonly urls: readonly string[];
  /** Requests a second, of all addresses together. */
  readonly perSecond: number;
  readonly timeoutMs: number;
  readonly verifies: boolean;
  /** A command of a fault is killed after it. */
  readonly commandMs: number;
  readonly faults: readonly PlannedFault[];
}

/** A line of the plan that says nothing, and the way out: `drill.conf:3:1: …`. */
export class PlanFault extends Error {}

const BOUND = { urls: 32, faults: 200, perSecond: 500, lastsMs: 600_000, bytes: 1 << 20 } as const;
const USUAL = {
  perSecond: 20,
  timeoutMs: 2000,
  commandMs: 60_000,
  lastsMs: 5000,
  silentMs: 5000,
  healMs: 60_000,
};

const MAIN = ['ask', 'rate', 'timeout', 'verify', 'command_timeout', 'fault'] as const;
const FAULT = [
  ...(['break', 'mend', 'check_broken', 'check_mended'] as const),
  ...(['lasts', 'may_fail', 'may_be_silent', 'heals_within'] as const),
];

/** @param text latin1 @param file for its faults @throws {PlanFault} */
export function readPlan(text: string, file: string): ClusterPlan {
  if (text.length > BOUND.bytes) throw new PlanFault(`${file}: a plan of more than ${BOUND.bytes} bytes`);
  const statements = statementsOf(text);
  if (!statements)
    throw new PlanFault(
      `${file}: it is not made of directives and blocks: is a ";", a quote or a brace missing?`,
    );
  return new Reader(text, file, statements).plan();
}

class Reader {
  readonly #text: string;
  readonly #file: string;
  readonly #all: readonly Statement[];

  constructor(text: string, file: string, all: readonly Statement[]) {
    this.#text = text;
    this.#file = file;
    this.#all = all;
  }

  plan(): ClusterPlan {
    const main = this.#all.filter(({ around }) => around.length === 0);
    for (const one of main) this.#known(one, MAIN, one.name === 'fault');
    const urls = main.filter(({ name }) => name === 'ask').flatMap(one => this.#urls(one));
    const faults = main.filter(({ name }) => name === 'fault').map(one => this.#fault(one));
    if (urls.length === 0) throw new PlanFault(`${this.#file}: nothing is asked: ask http://ADDRESS/;`);
    if (urls.length > BOUND.urls)
      throw new PlanFault(`${this.#file}: more than ${BOUND.urls} addresses are asked`);
    if (faults.length === 0)
      throw new PlanFault(`${this.#file}: nothing is broken: fault "NAME" { break "COMMAND"; }`);
    if (faults.length > BOUND.faults) throw new PlanFault(`${this.#file}: more than ${BOUND.faults} faults`);
    return {
      ...{ urls, faults },
      perSecond: this.#count(main, 'rate', BOUND.perSecond, 1) ?? USUAL.perSecond,
      timeoutMs: this.#duration(main, 'timeout') ?? USUAL.timeoutMs,
      commandMs: this.#duration(main, 'command_timeout') ?? USUAL.commandMs,
      verifies: this.#word(main, 'verify', ['on', 'off']) !== 'off',
    };
  }

  #fault(block: Statement): PlannedFault {
    const [name = ''] = block.args;
    if (block.args.length !== 1 || name === '' || !block.hasBlock)
      throw this.#wrong(block, 'a fault has a name and a block: fault "NAME" { … }');
    const inside = this.#all.filter(({ from, to }) => from > block.from && to < block.to);
    for (const one of inside) this.#known(one, FAULT, false);
    const told = this.#value(inside, 'break');
    if (told === undefined) throw this.#wrong(block, `the fault "${name}" breaks nothing: break "COMMAND";`);
    return {
      name,
      break: told,
      mend: this.#value(inside, 'mend'),
      checkBroken: this.#value(inside, 'check_broken'),
      checkMended: this.#value(inside, 'check_mended'),
      lastsMs: this.#duration(inside, 'lasts') ?? USUAL.lastsMs,
      mayFail: this.#isAny(inside, 'may_fail')
        ? undefined
        : (this.#count(inside, 'may_fail', 1_000_000, 0) ?? 0),
      maySilentMs: this.#isAny(inside, 'may_be_silent')
        ? undefined
        : (this.#duration(inside, 'may_be_silent') ?? USUAL.silentMs),
      healMs: this.#duration(inside, 'heals_within') ?? USUAL.healMs,
    };
  }

  #wrong({ from, line }: Statement, what: string): PlanFault {
    const column = from - this.#text.lastIndexOf('\n', from - 1);
    return new PlanFault(`${this.#file}:${line}:${column}: ${what}`);
  }

  #known(one: Statement, names: readonly string[], mayHaveBlock: boolean): void {
    if (!names.includes(one.name)) {
      const near = suggest(one.name, names);
      throw this.#wrong(
        one,
        `"${one.name}" is none of ${names.join(', ')}${near ? `: did you mean "${near}"?` : ''}`,
      );
    }
    if (one.hasBlock && !mayHaveBlock) throw this.#wrong(one, `"${one.name}" has no block`);
  }

  #urls(one: Statement): string[] {
    if (one.args.length === 0) throw this.#wrong(one, 'say what is asked: ask http://ADDRESS/;');
    for (const url of one.args)
      if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
        throw this.#wrong(one, `"${url}" is not an address of HTTP: http://HOST/ or https://HOST/`);
    return [...one.args];
  }

  #only(all: readonly Statement[], name: string): Statement | undefined {
    const [first, second] = all.filter(one => one.name === name);
    if (second) throw this.#wrong(second, `"${name}" is there twice`);
    if (first && first.args.length !== 1)
      throw this.#wrong(first, `"${name}" has one value; quote it: ${name} "…";`);
    return first;
  }

  #value(all: readonly Statement[], name: string): string | undefined {
    return this.#only(all, name)?.args[0];
  }

  #isAny(all: readonly Statement[], name: string): boolean {
    return this.#value(all, name) === 'any';
  }

  #word(all: readonly Statement[], name: string, words: readonly string[]): string | undefined {
    const one = this.#only(all, name);
    if (one && !words.includes(one.args[0]!))
      throw this.#wrong(one, `"${one.args[0]}" is none of ${words.join(', ')}`);
    return one?.args[0];
  }

  #count(all: readonly Statement[], name: string, most: number, least: number): number | undefined {
    const one = this.#only(all, name);
    if (!one) return undefined;
    const count = /^\d{1,9}$/.test(one.args[0]!) ? Number(one.args[0]) : Number.NaN;
    if (count >= least && count <= most) return count;
    throw this.#wrong(one, `"${one.args[0]}" is not a number from ${least} to ${most}`);
  }

  #duration(all: readonly Statement[], name: string): number | undefined {
    const one = this.#only(all, name);
    if (!one) return undefined;
    const ms = parseDurationMs(one.args[0]!);
    if (ms !== undefined && ms > 0 && ms <= BOUND.lastsMs) return ms;
    throw this.#wrong(one, `"${one.args[0]}" is not a time of at most 10 minutes: 5s, 1m 30s, 500ms`);
  }
}
