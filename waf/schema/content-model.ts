/** Which elements may stand in one, in what order: an automaton over their names. */
import type { ElementDeclaration, Wildcard } from './model.ts';
import { nameOf, SchemaFault } from './names.ts';

export type Term =
  | { readonly kind: 'element'; readonly byName: ReadonlyMap<string, ElementDeclaration> }
  | { readonly kind: 'any'; readonly wildcard: Wildcard }
  | { readonly kind: 'sequence' | 'choice' | 'all'; readonly particles: readonly Particle[] };

export interface Particle {
  readonly min: number;
  /** Infinity for `unbounded`. */
  readonly max: number;
  readonly term: Term;
}

/** Who takes an element: a declaration, or a wildcard. */
export type Owner = ElementDeclaration | Wildcard;

export interface ContentModel {
  readonly kind: 'elements';
  /** @returns who takes each of the names, in order; undefined where they do not fit */
  owners(names: readonly { readonly name: string; readonly namespace: string }[]): Owner[] | undefined;
}

const STATES_MOST = 10_000;

interface State {
  readonly free: number[];
  term: Term | undefined;
  to: number;
}

/** Copies of what may come so often are states of their own, which bounds both. */
class Automaton {
  readonly states: State[] = [];

  state(): number {
    if (this.states.length >= STATES_MOST)
      throw new SchemaFault(
        `a content has more than ${STATES_MOST} states: lower its maxOccurs, or write unbounded`,
      );
    return this.states.push({ free: [], term: undefined, to: -1 }) - 1;
  }

  /** @returns the state after it */
  particle({ min, max, term }: Particle, from: number): number {
    let at = from;
    for (let count = 0; count < min; count++) at = this.#term(term, at);
    if (max === Number.POSITIVE_INFINITY) {
      const loop = this.state();
      this.states[at]!.free.push(loop);
      const after = this.#term(term, loop);
      this.states[after]!.free.push(loop);
      return loop;
    }
    const end = this.state();
    for (let count = min; count < max; count++) {
      this.states[at]!.free.push(end);
      at = this.#term(term, at);
    }
    this.states[at]!.free.push(end);
    return end;
  }

  #term(term: Term, from: number): number {
    if (term.kind === 'sequence') return term.particles.reduce((at, one) => this.particle(one, at), from);
    if (term.kind === 'choice') {
      const end = this.state();
      for (const one of term.particles) {
        const start = this.state();
        this.states[from]!.free.push(start);
        this.states[this.particle(one, start)]!.free.push(end);
      }
      return end;
    }
    if (term.kind === 'all') throw new SchemaFault('xs:all stands within another group');
    // A state of its own: `from` may be where others begin, too.
    const start = this.state();
    this.states[from]!.free.push(start);
    const to = this.state();
    Object.assign(this.states[start]!, { term, to });
    return to;
  }
}

/** Costs O(names × states that are possible at once), which a schema without ambiguity keeps to a few. */
export function contentModel(particle: Particle): ContentModel {
  if (particle.term.kind === 'all') return allOf(particle.min, particle.term.particles);
  const automaton = new Automaton();
  const end = automaton.particle(particle, automaton.state());
  const closures = closuresOf(automaton.states, end);
  return {
    kind: 'elements',
    owners(names) {
      const owners: Owner[] = [];
      let states: readonly number[] = closures[0]!;
      for (const one of names) {
        const next: number[] = [];
        let owner: Owner | undefined;
        for (const state of states) {
          const { term, to } = automaton.states[state]!;
          const taker = term && takerOf(term, one);
          if (!taker) continue;
          owner ??= taker;
          next.push(to);
        }
        if (!owner) return undefined;
        owners.push(owner);
        states = next.length === 1 ? closures[next[0]!]! : [...new Set(next.flatMap(to => closures[to]!))];
      }
      return states.includes(end) ? owners : undefined;
    },
  };
}

interface Named {
  readonly name: string;
  readonly namespace: string;
}

function takerOf(term: Term, { name, namespace }: Named): Owner | undefined {
  if (term.kind === 'element') return term.byName.get(nameOf(namespace, name));
  return term.kind === 'any' && term.wildcard.takes(namespace) ? term.wildcard : undefined;
}

const CLOSURES_MOST = 1_000_000;

/** What can be reached from a state without an element, and is of use: states that take one, and the last. */
function closuresOf(states: readonly State[], end: number): number[][] {
  let sum = 0;
  return states.map((_, from) => {
    const seen = new Set([from]);
    for (const state of seen) for (const to of states[state]!.free) seen.add(to); // a set may grow while it is walked
    sum += seen.size;
    if (sum > CLOSURES_MOST) throw new SchemaFault('a content has too many ways');
    return [...seen].filter(state => states[state]!.term || state === end);
  });
}

/** Each at most once, in any order. */
function allOf(min: number, particles: readonly Particle[]): ContentModel {
  return {
    kind: 'elements',
    owners(names) {
      if (names.length === 0 && min === 0) return [];
      const left = new Set(particles);
      const owners: Owner[] = [];
      for (const one of names) {
        const found = [...left].find(({ term, max }) => max > 0 && takerOf(term, one));
        if (!found) return undefined;
        left.delete(found);
        owners.push(takerOf(found.term, one)!);
      }
      return [...left].every(particle => particle.min === 0) ? owners : undefined;
    },
  };
}
