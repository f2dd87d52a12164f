/** What the tests of the program's life share: its processes, and servers that say who they are. */
import { readdirSync, readFileSync } from 'node:fs';
import { request, Wire } from '../e2e/wire.ts';

/** A server block that answers every request with `text`. */
export const saying = (text: string, ...listens: (number | string)[]): string =>
  `server { ${listens.map(listen => `listen ${at(listen)};`).join(' ')} location / { return 200 "${text}"; } }`;

const at = (listen: number | string) => (typeof listen === 'number' ? `127.0.0.1:${listen}` : listen);

export const ask = async (port: number): Promise<string> => (await request(port)).body;

/** Whether nobody listens on the port. */
export const isClosed = (port: number): Promise<boolean> =>
  Wire.dial(port).then(
    wire => {
      wire[Symbol.dispose]();
      return false;
    },
    fault => fault.code === 'ECONNREFUSED',
  );

/** Field of /proc/PID/status. */
export function statusOf(pid: number, field: string): string {
  const text = readFileSync(`/proc/${pid}/status`, 'latin1');
  return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(text)?.[1] ?? '';
}

/** Processes whose parent is `pid`. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(child => {
      try {
        return Number(statusOf(child, 'PPid')) === pid;
      } catch {
        return false; // it has ended meanwhile
      }
    });
}

/** The only process that `pid` has started: the L7 process. */
export function l7Of(pid: number): number {
  const [child, ...others] = childrenOf(pid);
  if (child === undefined || others.length > 0)
    throw new Error(`process ${pid} has ${others.length + 1} children`);
  return child;
}

export const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
