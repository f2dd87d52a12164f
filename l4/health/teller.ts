/** Who is told what happens. */
import type { Log } from '#kit/log.ts';

export type Teller = Pick<Log, 'error' | 'warn' | 'notice'>;
