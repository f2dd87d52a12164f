/** What can be told of the L4 tier while it runs. */
import type { ForwardMode, PersistenceModel, ServiceProtocol } from '#model/l4/virtual-server.ts';
import type { TableFill } from './fullness.ts';
import type { Attachment } from './interfaces.ts';
import { type Override, type Said, saidOf } from './override.ts';
import type { FlowEntry, RealCounts, ReasonCounts } from './statistics.ts';
import type { SyncFigures } from './sync/messages.ts';
import type { Intake } from './tables.ts';

export type { FlowEntry } from './statistics.ts';

export interface RealFigures extends RealCounts {
  readonly name: string;
  readonly address: string;
  /** 0: the port that the client asked for. */
  readonly port: number;
  readonly mode: ForwardMode;
  /** The weight now. */
  readonly weight: number;
  readonly intake: Intake;
  /** `disabled`: by its line or a command; `leaving`: it is configured no more, and has flows. */
  readonly state: 'alive' | 'dead' | 'draining' | 'drained' | 'disabled' | 'sorry' | 'leaving';
  /** Health checks that it failed since it is watched. */
  readonly failedChecks: number;
  /** What an operator has commanded against its line. */
  readonly command?: Said;
}

export interface ServiceFigures {
  readonly name: string;
  readonly protocol: ServiceProtocol;
  readonly scheduler: string;
  readonly persistence: PersistenceModel | undefined;
  readonly onePacket: boolean;
  readonly quorum: boolean;
  readonly reals: readonly RealFigures[];
}

export interface LeaseFigures {
  readonly ms: number;
  /** Below 0: it has ended, and nothing is forwarded. */
  readonly leftMs: number;
}

export interface L4Figures {
  readonly attached: readonly Attachment[];
  readonly table: TableFill;
  /** Undefined: forwarding does not hang on one. */
  readonly lease: LeaseFigures | undefined;
  readonly services: readonly ServiceFigures[];
  /** With the other director; undefined: there is none, or it has not begun. */
  readonly sync: SyncFigures | undefined;
  /** Packets by what became of them. */
  readonly reasons: ReasonCounts;
}

/** Adds what was commanded. */
export function withSaid(figures: L4Figures, overrides: readonly Override[]): L4Figures {
  if (overrides.length === 0) return figures;
  const services = figures.services.map(service => ({
    ...service,
    reals: service.reals.map(real => {
      const said = overrides.find(one => one.virtualServer === service.name && one.realServer === real.name);
      return said && real.state !== 'leaving' ? { ...real, command: saidOf(said) } : real;
    }),
  }));
  return { ...figures, services };
}

/** A flow with the name of its real server. */
export interface NamedFlow extends Omit<FlowEntry, 'realId'> {
  readonly real: string;
}
