/** One virtual server under watch: its real servers and its quorum, told to logs and programs when they change. */

import type { NotifyEvent, VirtualServerModel } from '#model/l4/virtual-server.ts';
import { livingWeight, type RealCondition, type ServiceCondition } from '../condition.ts';
import { type PeerReal, realName } from '../peer-reals.ts';
import { Patient, type PatientMeans } from './patient.ts';
import { holdsQuorum } from './quorum.ts';
import type { Round } from './round.ts';
import type { Outcome } from './table.ts';
import type { Teller } from './teller.ts';

export interface WardMeans extends PatientMeans {
  readonly log: () => Teller;
  /** Runs the program of a `notify` line. */
  readonly run: (command: readonly string[], env: Readonly<Record<string, string>>) => void;
  /** What they are called in logs. */
  readonly words: { readonly service: string; readonly real: string };
  /** Something is different for the tables. */
  readonly changed: () => void;
}

/** First questions of one virtual server are so far apart: they are new connections all the same. */
const FIRST_STEP_MS = 1;

export class Ward {
  server: VirtualServerModel;
  readonly #means: WardMeans;
  #patients = new Map<string, Patient>();
  /** What was told of each last. */
  readonly #told = new Map<string, RealCondition>();
  readonly #warnings = new Map<string, string>();
  /** Those that wait for their first passed check: why they wait is told once. */
  readonly #waiting = new Set<string>();
  #quorum: boolean | undefined;

  constructor(server: VirtualServerModel, means: WardMeans) {
    this.server = server;
    this.#means = means;
  }

  follow(server: VirtualServerModel): void {
    this.server = server;
    const kept = new Map<string, Patient>();
    server.realServers.forEach((real, at) => {
      const patient = this.#patients.get(real.name) ?? new Patient(real.name, this.#means);
      const drained = () => this.#review('the deadline of its drain has passed', [patient]);
      kept.set(real.name, patient);
      patient.follow(server, real, at * FIRST_STEP_MS, (...what) => this.#hear(...what), drained);
    });
    for (const [name, patient] of this.#patients) if (!kept.has(name)) this.#dismiss(name, patient);
    this.#patients = kept;
    const isChanged = this.#reviewReals('the configuration or a command says so', kept.values());
    if (this.#reviewQuorum() || isChanged) this.#means.changed();
  }

  /** @param peer what the other director has told of its real servers; undefined: nothing */
  hearPeer(peer: readonly PeerReal[] | undefined): void {
    const said = new Map(peer?.map(real => [realName(real), real.alive]));
    const changed = this.server.realServers.flatMap(real => {
      const patient = this.#patients.get(real.name);
      return patient?.hearPeer(said.get(realName(real))) ? [patient] : [];
    });
    this.#review('the other director says so', changed);
  }

  /** Checks that have had no answer yet. */
  get unanswered(): number {
    return [...this.#patients.values()].reduce((sum, patient) => sum + patient.unanswered, 0);
  }

  #dismiss(name: string, patient: Patient): void {
    patient.close();
    this.#told.delete(name);
    this.#warnings.delete(name);
    this.#waiting.delete(name);
  }

  get condition(): ServiceCondition {
    const reals = new Map([...this.#patients].map(([name, patient]) => [name, patient.condition]));
    return { quorum: this.#quorum ?? true, reals };
  }

  /** By real server, since it is watched. */
  get failedChecks(): ReadonlyMap<string, number> {
    return new Map([...this.#patients].map(([name, patient]) => [name, patient.failedChecks]));
  }

  #hear(patient: Patient, { check }: Round, outcome: Outcome): void {
    const { type } = check.question;
    if (outcome.passed) this.#warn(patient.name, outcome.warning);
    else if (this.#waiting.delete(patient.name))
      this.#tellReal(patient.name, false, `${type}: ${outcome.reason}`);
    this.#review(outcome.passed ? `${type} passed` : `${type}: ${outcome.reason}`, [patient]);
  }

  /** Each warning once, until there is another one. */
  #warn(name: string, warning: string | undefined): void {
    if (warning === undefined || this.#warnings.get(name) === warning) return;
    this.#warnings.set(name, warning);
    this.#means
      .log()
      .warn(`health check: ${name} of ${this.#means.words.service} ${this.server.name}: ${warning}`);
  }

  #review(reason: string, patients: Iterable<Patient>): void {
    if (!this.#reviewReals(reason, patients)) return;
    this.#reviewQuorum();
    this.#means.changed();
  }

  /** Tells what is different, and why; of a new one there is nothing to tell. @returns whether anything is different */
  #reviewReals(reason: string, patients: Iterable<Patient>): boolean {
    let isChanged = false;
    for (const { name, condition } of patients) {
      const before = this.#told.get(name);
      if (before === condition) continue;
      this.#told.set(name, condition);
      isChanged = true;
      if (!before && !condition.alive) this.#waiting.add(name);
      if (condition.alive) this.#waiting.delete(name);
      if (before && before.alive !== condition.alive) this.#tellReal(name, condition.alive, reason);
    }
    return isChanged;
  }

  #tellReal(name: string, alive: boolean, reason: string): void {
    const line = `health check: ${this.#means.words.real} ${name} of ${this.#means.words.service} ${this.server.name} is ${alive ? 'alive' : 'dead'}: ${reason}`;
    if (alive) this.#means.log().notice(line);
    else this.#means.log().warn(line);
    this.#notify(alive ? 'real_up' : 'real_down', reason, name);
  }

  /** @returns whether it is another one now */
  #reviewQuorum(): boolean {
    const { quorum, name } = this.server;
    const { service } = this.#means.words;
    const living = livingWeight(this.server, this.condition);
    const before = this.#quorum;
    this.#quorum = holdsQuorum(before, living, quorum);
    if (before === undefined || this.#quorum === before) return false;
    const reason = `weight ${living} lives, the quorum is ${quorum.weight}`;
    if (this.#quorum) this.#means.log().notice(`${service} ${name} has its quorum again: ${reason}`);
    else this.#means.log().error(`${service} ${name} has lost its quorum: ${reason}`);
    this.#notify(this.#quorum ? 'quorum_up' : 'quorum_down', reason);
    return true;
  }

  #notify(event: NotifyEvent, reason: string, realServer = ''): void {
    const env = {
      MOAT_EVENT: event,
      MOAT_VIRTUAL_SERVER: this.server.name,
      MOAT_REAL_SERVER: realServer,
      MOAT_REASON: reason,
    };
    for (const { event: wanted, command } of this.server.notify)
      if (wanted === event) this.#means.run(command, env);
  }

  close(): void {
    for (const patient of this.#patients.values()) patient.close();
  }
}
