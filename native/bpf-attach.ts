/** Programs on network interfaces. An interface is named as `ip link` names it. */
import { bpfAddon } from './bpf-addon.ts';

/** XDP `driver`: before the kernel has made a packet of it; `generic`: anywhere, but later and slower. */
export type XdpMode = 'driver' | 'generic';
export type TcPoint = 'ingress' | 'egress';

/**
 * Puts an XDP program on an interface.
 *
 * @param was the program that must be there now; without it, whatever is there in that mode is replaced
 * @throws {Error} EOPNOTSUPP where the driver has no XDP, EBUSY or EEXIST where another mode is in use
 */
export const attachXdp = (name: string, program: number, mode: XdpMode, was?: number): void =>
  bpfAddon().xdpAttach(name, program, mode, was);
export const detachXdp = (name: string, mode: XdpMode): void => bpfAddon().xdpAttach(name, undefined, mode);
/** Ids of the XDP programs on an interface; 0 where there is none. */
export const queryXdp = (name: string): { driver: number; generic: number; offload: number } =>
  bpfAddon().xdpQuery(name);

/** Puts a tc program on an interface, in the place of what has that priority. Makes the clsact hooks if need be. */
export const attachTc = (name: string, point: TcPoint, program: number, priority: number): void =>
  bpfAddon().tcAttach(name, point, program, priority);
/** @returns whether there was one */
export const detachTc = (name: string, point: TcPoint, priority: number): boolean =>
  bpfAddon().tcDetach(name, point, priority);
/** Id of the program there; 0 for none. */
export const queryTc = (name: string, point: TcPoint, priority: number): number =>
  bpfAddon().tcQuery(name, point, priority);
