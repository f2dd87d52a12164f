/** The sites under watch: each record is watched as a virtual server is, each address of a site as a real server. */
import { Watch } from '#l4';
import { type GslbModel, type GslbRecord, type GslbSite, nameOfWatched } from '#model/gslb.ts';
import { NO_LIMIT, type RealServerModel, type VirtualServerModel } from '#model/l4/virtual-server.ts';
import type { Condition, ConditionOf } from './choose.ts';
import type { RecordFigures } from './figures.ts';

type Conditions = Watch['conditions'];

/** Nobody has said anything. */
const TRUSTED: Condition = { alive: true, weight: undefined };

export interface Teller {
  error(message: string): void;
  warn(message: string): void;
  notice(message: string): void;
}

export class Watched implements Disposable {
  readonly #watch: Watch;
  #conditions: Conditions = new Map();
  #model: GslbModel | undefined;

  constructor(log: Teller) {
    this.#watch = new Watch({
      log: () => log,
      words: { service: 'record', real: 'site' },
      nowMs: () => performance.now(),
      random: Math.random,
      changed: conditions => {
        this.#conditions = conditions;
      },
      steer: () => {
        throw new Error('sites have no path of their own');
      },
    });
  }

  /** What was watched before keeps its state. */
  follow(model: GslbModel): void {
    this.#model = model;
    const records = model.zones.flatMap(zone => zone.records);
    this.#watch.follow({ virtualServers: records.map(asVirtualServer), scriptUser: 'nobody' });
    this.#conditions = this.#watch.conditions;
  }

  /** Checks that have had no answer yet. */
  get unanswered(): number {
    return this.#watch.unanswered;
  }

  readonly conditionOf = (record: string): ConditionOf => {
    const reals = this.#conditions.get(record)?.reals;
    return (site, address) => reals?.get(nameOfWatched(site.name, address)) ?? TRUSTED;
  };

  figures(): RecordFigures[] {
    const failed = this.#watch.failedChecks;
    const records = this.#model?.zones.flatMap(zone => zone.records) ?? [];
    return records.map(record => ({
      name: record.name,
      policy: record.policy,
      sites: record.sites.flatMap(site =>
        site.addresses.map(address => {
          const { alive, weight = site.weight } = this.conditionOf(record.name)(site, address);
          const failedChecks = failed.get(record.name)?.get(nameOfWatched(site.name, address)) ?? 0;
          return { name: site.name, address, alive, weight, backup: site.backup, failedChecks };
        }),
      ),
    }));
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }
}

/** What watching asks of a virtual server; it is in no kernel. */
function asVirtualServer(record: GslbRecord): VirtualServerModel {
  const { name, checks, site } = record;
  return {
    name,
    protocol: 'tcp',
    // It is told from others by this one.
    addresses: [{ protocol: 'tcp', first: name, last: name, firstPort: 0, lastPort: 0 }],
    scheduler: { name: 'wrr', port: false },
    tunnel: { kind: 'ipip', port: 0 },
    ...{ persistence: undefined, onDead: 'keep', onePacket: false, inhibit: false, synCookies: undefined },
    drain: { deadlineMs: 0, keepsPersistent: false },
    ...{ sourceLimit: NO_LIMIT, limit: NO_LIMIT, filter: { allowed: [], denied: [] } },
    realServers: record.sites.flatMap(one => realsOf(one, record)),
    ...{ sorryServer: undefined, quorum: { weight: 1, hysteresis: 0 }, checks, notify: [], site },
  };
}

const realsOf = ({ name, addresses, weight }: GslbSite, { site }: GslbRecord): RealServerModel[] =>
  addresses.map(address => ({
    name: nameOfWatched(name, address),
    ...{ address, port: 0, mode: 'nat', weight, upper: 0, lower: 0, state: 'ready', site },
  }));
