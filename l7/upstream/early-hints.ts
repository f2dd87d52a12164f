/** Early hints (103, RFC 8297): what of a server's goes on to the client, where that is allowed. */
import type { Exchange } from '../exchange.ts';
import type { Compiler } from '../tables.ts';
import type { ResponseHead } from '../wire/h1/response.ts';
import { hiddenFields } from './answer.ts';

export type HintPasser = (exchange: Exchange, head: ResponseHead) => void;

/** @returns undefined where none pass */
export function compileHints({ location, text }: Compiler): HintPasser | undefined {
  const { core, proxy } = location.settings;
  if (core.earlyHints.length === 0) return undefined;
  const conditions = core.earlyHints.map(text);
  const hidden = hiddenFields(proxy);
  return (exchange, { headers }) => {
    if (!conditions.some(condition => isYes(condition(exchange)))) return;
    const { keys } = headers;
    const fields = keys.map((_, at) => [headers.nameAt(at), headers.valueAt(at)] as const);
    exchange.downstream.writeInformation(
      103,
      fields.filter((_, at) => !hidden.has(keys[at]!)),
    );
  };
}

const isYes = (value: string) => value !== '' && value !== '0';
