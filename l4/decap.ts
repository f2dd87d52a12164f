/** The far end of tunnels on a real server: what a director has wrapped is unwrapped as it comes in. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BpfMap, closeObject, loadObject } from '#native/bpf.ts';
import { attachXdp, detachXdp, type XdpMode } from '#native/bpf-attach.ts';
import { addressBytes } from './address.ts';
import { u32 } from './maps.ts';

const OBJECT = join(import.meta.dirname, 'build/decap.o');

export interface DecapOptions {
  readonly interface: string;
  readonly mode: XdpMode;
  /** Who may send tunnelled packets: all others could forge any source. */
  readonly directors: readonly string[];
  /** UDP port of GUE; 0: none. */
  readonly guePort: number;
}

/**
 * Unwraps IP in IP and GUE on an interface from now on, also when this process has ended; in the place of an earlier one.
 *
 * @throws {Error} with `code`; EBUSY when another XDP program is there in another mode
 */
export function attachDecap({ interface: name, mode, directors, guePort }: DecapOptions): void {
  if (!existsSync(OBJECT)) throw new Error(`Cannot load ${OBJECT}: it is not built: run scripts/build-bpf`);
  const object = loadObject(OBJECT);
  try {
    const allowed = new BpfMap(object.maps['directors']!);
    for (const address of directors) allowed.put(addressBytes(address), u32(1));
    const onWire = ((guePort & 0xff) << 8) | (guePort >> 8);
    new BpfMap(object.maps['gue_port']!).put(u32(0), u32(onWire));
    attachXdp(name, object.programs['decap']!, mode);
  } finally {
    closeObject(object);
  }
}

export const detachDecap = (name: string, mode: XdpMode): void => detachXdp(name, mode);
