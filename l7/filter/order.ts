/** The one list of header filters, in the order that answers pass them; body filters are added by them in the same order. */
import type { Compiler, HeaderFilter } from '../tables.ts';

export type HeaderFilterMaker = (compiler: Compiler) => HeaderFilter | undefined;

export const HEADER_FILTERS: readonly HeaderFilterMaker[] = [];
