/** How real servers stand, as two directors tell each other: what of it is new to the other one, and what it has told. */
import { addressText } from '../address.ts';
import { endpointKey } from '../endpoints.ts';
import { PROTOCOL, REALS_MOST } from '../layout.ts';
import type { PeerReal, PeerReals } from '../peer-reals.ts';
import { OP, placeKey, type RealReport } from './record.ts';

export type RealStanding = Omit<RealReport, 'op' | 'turn'>;

const nameOf = ({ protocol, virtual, real }: RealStanding) =>
  `${protocol} ${placeKey(virtual)} ${placeKey(real)}`;

/** What goes out. */
export class OwnReports {
  readonly #told = new Map<string, RealStanding>();
  readonly #waiting = new Map<string, RealReport>();
  #turn = 0;

  /** Each real server whose standing is another one than was told waits to be told. */
  look(now: Iterable<RealStanding>): void {
    const gone = new Set(this.#told.keys());
    for (const standing of now) {
      const name = nameOf(standing);
      gone.delete(name);
      const before = this.#told.get(name);
      if (before?.alive !== standing.alive || before.weight !== standing.weight) this.#tell(name, standing);
    }
    for (const name of gone) {
      this.#tell(name, { ...this.#told.get(name)!, alive: false, weight: 0 });
      this.#told.delete(name);
    }
  }

  #tell(name: string, standing: RealStanding): void {
    this.#told.set(name, standing);
    this.#waiting.set(name, { op: OP.real, ...standing, turn: ++this.#turn });
  }

  /** The other one knows nothing. */
  forget(): void {
    this.#told.clear();
    this.#waiting.clear();
  }

  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** The next that waits, which does so no more. */
  take(): RealReport | undefined {
    for (const [name, report] of this.#waiting) {
      this.#waiting.delete(name);
      return report;
    }
    return undefined;
  }
}

const PROTOCOL_NAMES = { [PROTOCOL.tcp]: 'tcp', [PROTOCOL.udp]: 'udp' } as const;

/** What has come. It stays when the other one falls silent: then it is needed. */
export class PeerReports {
  readonly #by = new Map<string, { report: RealReport; meeting: number }>();
  #meeting = 0;
  #isSettled = true;

  /** A meeting begins: numbers of turns begin anew, and all is told once more. */
  begin(): void {
    this.#meeting++;
    this.#isSettled = false;
  }

  /** Packets that were asked for again come late: the newest word counts. @returns whether it says something new */
  take(report: RealReport): boolean {
    const name = nameOf(report);
    const known = this.#by.get(name);
    if (known?.meeting === this.#meeting && known.report.turn >= report.turn) return false;
    if (!known && this.#by.size >= REALS_MOST) return false;
    this.#by.set(name, { report, meeting: this.#meeting });
    return known?.report.alive !== report.alive || known.report.weight !== report.weight;
  }

  /** All has been told: what was not is gone. @returns whether anything is */
  settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    const before = this.#by.size;
    for (const [name, { meeting }] of this.#by) if (meeting !== this.#meeting) this.#by.delete(name);
    return this.#by.size < before;
  }

  get reals(): PeerReals {
    const found = new Map<string, PeerReal[]>();
    for (const { report } of this.#by.values()) {
      const { protocol, virtual, real, alive, weight } = report;
      const name = PROTOCOL_NAMES[protocol as keyof typeof PROTOCOL_NAMES];
      const service = endpointKey({
        address: addressText(virtual.address),
        port: virtual.port,
        protocol: name,
      });
      const reals = found.get(service) ?? [];
      reals.push({ address: addressText(real.address), port: real.port, alive, weight });
      found.set(service, reals);
    }
    return found;
  }
}
