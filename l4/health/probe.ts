/** What every kind of health check is: one question to one real server. */
import type { CheckQuestion, L4CheckType } from '#model/l4/health.ts';
import type { ForwardMode, TunnelModel } from '#model/l4/virtual-server.ts';
import type { Pinger } from './pinger.ts';

/** The path of a virtual server to one real server. */
export interface VirtualPath {
  readonly virtual: string;
  readonly mode: ForwardMode;
  readonly tunnel: TunnelModel;
}

export interface ProbeTarget {
  /** Whom to ask, by IP address. */
  readonly address: string;
  readonly port: number;
  /** The own address to ask from; undefined: what the routes say. */
  readonly from: string | undefined;
  /** By the path of the virtual server; undefined: plainly, at its own address. */
  readonly path?: VirtualPath | undefined;
  /** On the packets of the question: by it they are steered. */
  readonly mark?: number | undefined;
  /** For programs: who is meant. */
  readonly virtualServer: string;
  readonly realServer: string;
  /** The configured one, of which dynamic weights may be a share. */
  readonly weight: number;
}

/** What a real server that passed has said beside that. */
export interface Passed {
  /** The weight it wants; undefined: the configured one. */
  readonly weight?: number | undefined;
  /** What an operator should know though all is well. */
  readonly warning?: string | undefined;
}

export interface ProbeMeans {
  /** Ends the question: what is open is closed then. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly scriptUser: string;
  readonly pinger: Pinger;
}

/** Asks once. @throws {Error} whose message says why the real server did not pass */
export type Probe<Q extends CheckQuestion> = (
  question: Q,
  target: ProbeTarget,
  means: ProbeMeans,
) => Promise<Passed>;

export type QuestionOf<T extends L4CheckType> = Extract<CheckQuestion, { readonly type: T }>;

/** Rejects when the signal comes. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
