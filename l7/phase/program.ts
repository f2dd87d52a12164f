/** What a rewrite program is made of. */
import type { Exchange } from '../exchange.ts';
import type { Verdict } from './verdict.ts';

/** @returns NEXT, a status, DONE, or BREAK_OFF */
export type CompiledStep = (exchange: Exchange) => Verdict;
export type RewriteProgram = readonly CompiledStep[];

/** Verdict of a program: the path changed, the location is to be found anew. Never leaves exchange.ts. */
export const RELOCATE = -3;
/** Verdict of a step: what follows in the program is not run. */
export const BREAK_OFF = -4;
