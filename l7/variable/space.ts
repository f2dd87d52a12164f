/** The variables of one configuration: names to functions, and the slots for those that a request writes. */
import type { UserVariable } from '#model/l7/variable.ts';
import type { Template } from '#model/template.ts';
import type { Exchange } from '../exchange.ts';
import type { GeoBook } from '../geo/book.ts';
import { PREFIXES, VARIABLES } from './table.ts';
import { USER_VARIABLES } from './user.ts';

/** Computes a value for a request; undefined means "not there", which reads as ''. */
export type Getter = (exchange: Exchange) => string | undefined;
/** A template compiled: always a text. */
export type Text = (exchange: Exchange) => string;

export class VariableSpace {
  readonly databases: GeoBook;
  readonly #getters = new Map<string, Getter>();
  readonly #slots = new Map<string, number>();

  /** @param databases whose content `geoip2` variables tell */
  constructor(variables: readonly UserVariable[], databases: GeoBook) {
    this.databases = databases;
    for (const variable of variables) this.#slots.set(variable.name, this.#slots.size);
    for (const variable of variables) {
      this.#getters.set(
        variable.name,
        USER_VARIABLES[variable.kind](variable as never, this.slot(variable.name), this),
      );
    }
  }

  /** How many slots an exchange needs. */
  get slotCount(): number {
    return this.#slots.size;
  }

  /** The place of a variable in `exchange.slots`. @throws {RangeError} for a name that the configuration does not define */
  slot(name: string): number {
    const slot = this.#slots.get(name);
    if (slot === undefined)
      throw new RangeError(`Cannot write $${name}: it is not a variable of the configuration`);
    return slot;
  }

  hasSlot(name: string): boolean {
    return this.#slots.has(name);
  }

  getter(name: string): Getter {
    const known = this.#getters.get(name);
    if (known) return known;
    const made = makeGetter(name);
    this.#getters.set(name, made);
    return made;
  }

  /**
   * Compiles a template; done at reload, never in a request.
   *
   * @param instead gives the getter of a name that means something else in this template, otherwise undefined
   */
  text(template: Template, instead?: (name: string) => Getter | undefined): Text {
    if (typeof template === 'string') return () => template;
    const getterOf = (name: string) => instead?.(name) ?? this.#late(name);
    const parts = template.map(part => (typeof part === 'string' ? part : getterOf(part.variable)));
    const [first, second] = parts;
    if (parts.length === 1 && typeof first === 'function') return exchange => first(exchange) ?? '';
    if (parts.length === 2 && typeof first === 'string' && typeof second === 'function') {
      return exchange => first + (second(exchange) ?? '');
    }
    return exchange => {
      let text = '';
      for (let at = 0; at < parts.length; at++) {
        const part = parts[at]!;
        text += typeof part === 'string' ? part : (part(exchange) ?? '');
      }
      return text;
    };
  }

  /** Maps may name each other in any order, so a getter that does not stand yet is looked up when it is first used. */
  #late(name: string): Getter {
    if (this.#getters.has(name) || !this.#slots.has(name)) return this.getter(name);
    return exchange => this.getter(name)(exchange);
  }
}

function makeGetter(name: string): Getter {
  if (/^\d$/.test(name)) {
    const group = Number(name);
    return exchange => exchange.captures?.[group];
  }
  return builtInGetter(name) ?? (() => undefined);
}

/** The getter that a name has of itself, or undefined. */
export function builtInGetter(name: string): Getter | undefined {
  return VARIABLES[name] ?? familyGetter(name);
}

/** The getter of a name that belongs to a family (`arg_x`), or undefined. */
function familyGetter(name: string): Getter | undefined {
  const family = PREFIXES.find(([prefix]) => name.startsWith(prefix));
  return family?.[1](name.slice(family[0].length));
}
