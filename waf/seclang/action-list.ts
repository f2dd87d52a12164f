/** The list of actions of a rule, as text: `id:1,phase:2,msg:'a, b',setvar:tx.score=+5`. */
import { RuleFault } from '../diagnostic.ts';

export interface ActionText {
  /** In lower case: names of actions have no case. */
  readonly name: string;
  /** Undefined when the action stands without a colon. */
  readonly argument: string | undefined;
}

/** @throws {RuleFault} when a quote is never closed, or an action has no name */
export function splitActions(text: string): ActionText[] {
  const actions: ActionText[] = [];
  let at = 0;
  while (at < text.length) {
    while (at < text.length && /[\s,]/.test(text[at]!)) at++;
    if (at >= text.length) break;
    const end = endOfName(text, at);
    const name = text.slice(at, end).trim();
    if (name === '') throw new RuleFault('syntax', `an action without a name in ${JSON.stringify(text)}`);
    if (text[end] !== ':') {
      actions.push({ name: name.toLowerCase(), argument: undefined });
      at = end;
      continue;
    }
    const [argument, next] = readArgument(text, end + 1);
    actions.push({ name: name.toLowerCase(), argument });
    at = next;
  }
  return actions;
}

function endOfName(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== ':' && text[at] !== ',') at++;
  return at;
}

/** An argument goes to the next comma outside quotes. `'...'` may hold commas, and `\'` for a quote. */
function readArgument(text: string, from: number): [argument: string, next: number] {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t') at++;
  if (text[at] !== "'") return readBare(text, at);
  let argument = '';
  for (at++; at < text.length; at++) {
    if (text[at] === "'" && /^\s*(?:,|$)/.test(text.slice(at + 1, at + 200))) return [argument, at + 1];
    if (text[at] === '\\' && text[at + 1] === "'") at++;
    argument += text[at]!;
  }
  throw new RuleFault('syntax', `the quote before ${JSON.stringify(argument.slice(0, 30))} is never closed`);
}

/** Without quotes around all of it; a quoted part inside (`setvar:tx.a='b,c'`) keeps its commas. */
function readBare(text: string, from: number): [argument: string, next: number] {
  let argument = '';
  let inside = false;
  let at = from;
  for (; at < text.length; at++) {
    const char = text[at]!;
    if (char === ',' && !inside) break;
    if (char === '\\' && text[at + 1] === "'") {
      argument += "'";
      at++;
    } else if (char === "'" && (inside || text[at - 1] === '=')) inside = !inside;
    else argument += char;
  }
  return [argument.trimEnd(), at];
}
