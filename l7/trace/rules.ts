/** What a location makes of traces: nothing at all where no directive says so. */
import type { Exchange } from '../exchange.ts';
import type { Compiler } from '../tables.ts';
import type { Text } from '../variable/space.ts';
import { beginTrace, type Trace, traceparentOf } from './context.ts';

export interface TraceRules {
  /** Done once for a request: the first location that is asked decides. */
  begin(exchange: Exchange): Trace;
}

export function compileTrace({ location, text }: Compiler): TraceRules | undefined {
  const { trace, context } = location.settings.trace;
  if (trace === 'off' && context === 'ignore') return undefined;
  const extracts = context === 'extract' || context === 'propagate';
  const isWanted = text(trace);
  return {
    begin(exchange) {
      const begun = beginTrace(exchange, extracts);
      exchange.trace = begun; // the answer may hang on what the client said: $otel_parent_sampled
      const wanted = isWanted(exchange);
      begun.sampled = wanted === 'on' || wanted === '1';
      return begun;
    },
  };
}

/** @returns undefined where the location of the request neither tells nor passes anything on */
export function traceOf({ main }: Exchange): Trace | undefined {
  return main.trace ?? main.location.trace?.begin(main);
}

interface Field {
  readonly name: string;
  readonly key: string;
  readonly value: Text;
}

const NOTHING: readonly Field[] = [];

/** Of the request to a server: in the place of what the client said, where the location injects. */
export function traceFields({ location }: Compiler): readonly Field[] {
  const { context } = location.settings.trace;
  if (context !== 'inject' && context !== 'propagate') return NOTHING;
  const field = (name: string, value: (trace: Trace) => string): Field => ({
    ...{ name, key: name },
    value(exchange) {
      const trace = traceOf(exchange);
      return trace ? value(trace) : '';
    },
  });
  return [field('traceparent', traceparentOf), field('tracestate', ({ state }) => state)];
}
