/** The addresses of hosts, asked of the system. */
import { addon } from './addon.ts';

/** Waits for the answer, which a name server may take seconds for. @returns none when the name has none, or nobody tells */
export function hostAddresses(name: string): readonly string[] {
  return (addon().hostAddresses(name) ?? '').split(' ').filter(Boolean);
}
