/** What operators have said of members of pools, kept in a file beside the history of the configuration, so that it outlives moat. */
import type { Log } from '#kit/log.ts';
import { type L7Plane, type MemberOverride, MOST_OVERRIDES, memberSaidText } from '#l7';
import { MEMBER_STATES } from '#model/l7/upstream.ts';
import { historyFolder } from '../history/place.ts';
import { keepJson, readKept } from '../host/keep-json.ts';
import { newMember } from './new-member.ts';

const MOST_WEIGHT = 65_535;

export class PoolOrders {
  readonly #plane: L7Plane;
  readonly #path: string;
  readonly #log: () => Log;

  /** @param file the main file of the configuration, a latin1 string */
  constructor(plane: L7Plane, file: string, log: () => Log) {
    this.#plane = plane;
    this.#path = `${historyFolder(file)}/pool-orders.json`;
    this.#log = log;
    plane.commandedChanged = ({ kept, outdated }) => {
      for (const { pool, member } of outdated)
        this.#log().notice(`${member} of pool "${pool}": its line is new, what was commanded is over`);
      this.#keep(kept);
    };
  }

  /** Has the plane begin with what was kept. Never throws: what cannot be read is told of. */
  begin(): void {
    try {
      this.#plane.commanded = this.#read();
    } catch (fault) {
      this.#log().error(
        `"${this.#path}" cannot be read: ${(fault as Error).message}: what was commanded of members of pools is lost`,
      );
    }
    for (const one of this.#plane.commanded)
      this.#log().notice(`${one.member} of pool "${one.pool}": ${memberSaidText(one)} by an earlier command`);
  }

  #read(): readonly MemberOverride[] {
    const found = readKept(this.#path) ?? [];
    if (!Array.isArray(found) || found.length > MOST_OVERRIDES || !found.every(isKept))
      throw new Error('it holds no list of orders');
    return found.map(({ added, ...rest }) => ({
      ...rest,
      line: rest.line,
      added: added && newMember(rest.member, added),
    }));
  }

  /** Whole or not at all; no file where there is nothing to keep. */
  #keep(overrides: readonly MemberOverride[]): void {
    try {
      keepJson(this.#path, overrides.length === 0 ? undefined : overrides.map(shownOf));
    } catch (fault) {
      const { message } = fault as Error;
      this.#log().error(
        `"${this.#path}" cannot be written: ${message}: commands to members of pools end with moat`,
      );
    }
  }
}

/** As the file has it: who was added is the words of a line, which is read as every line is. */
interface KeptOrder extends Omit<MemberOverride, 'added'> {
  readonly added?: readonly string[] | undefined;
}

function isKept(found: unknown): found is KeptOrder {
  if (typeof found !== 'object' || found === null) return false;
  const { pool, member, line, state, weight, added, removed } = found as Partial<KeptOrder>;
  const isAdded = Array.isArray(added) && added.every(word => typeof word === 'string');
  return (
    typeof pool === 'string' &&
    typeof member === 'string' &&
    (line === undefined ? isAdded : isState(line.state) && isWeight(line.weight) && added === undefined) &&
    (state === undefined || isState(state)) &&
    (weight === undefined || isWeight(weight)) &&
    (removed === undefined || removed === true)
  );
}

const isState = (found: unknown): boolean => MEMBER_STATES.some(state => state === found);

const isWeight = (found: unknown): boolean =>
  typeof found === 'number' && Number.isInteger(found) && found >= 1 && found <= MOST_WEIGHT;

function shownOf({ pool, member, line, state, weight, added, removed }: MemberOverride): object {
  if (!added) return { pool, member, line, state, weight, ...(removed && { removed: true }) };
  return { pool, member, state, weight, added: wordsOf(added) };
}

/** What newMember() reads. */
function wordsOf(model: NonNullable<MemberOverride['added']>): string[] {
  return [
    `weight=${model.weight}`,
    `max_fails=${model.maxFails}`,
    `fail_timeout=${model.failTimeoutMs}ms`,
    `max_conns=${model.maxConns}`,
    `slow_start=${model.slowStartMs}ms`,
    ...(model.route === undefined ? [] : [`route=${model.route}`]),
    ...(model.backup ? ['backup'] : []),
    ...(model.down ? ['down'] : []),
    ...(model.drain ? ['drain'] : []),
  ];
}
