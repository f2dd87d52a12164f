/** What control and the GSLB process say to each other. */
import type { ChildAnswer, ChildLog } from '#kit/asked-child.ts';
import type { GslbListen, GslbModel } from '#model/gslb.ts';
import type { GslbFigures } from './figures.ts';

/** Descriptors that the process was started with. */
export interface Sockets extends GslbListen {
  readonly udpFd: number;
  readonly tcpFd: number;
}

export type ToGslb =
  /** Comes once: becomes the user, asks the sites, and then answers. */
  | {
      readonly kind: 'serve';
      readonly model: GslbModel;
      readonly sockets: readonly Sockets[];
      readonly user: { readonly name: string; readonly group: string } | undefined;
    }
  | { readonly kind: 'configure'; readonly model: GslbModel }
  /** Answered by GslbFigures. */
  | { readonly kind: 'figures' };

export type FromGslb = ChildAnswer | ChildLog;
export type { GslbFigures };
