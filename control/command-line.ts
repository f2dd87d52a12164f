/** nginx's command line: single letters, joined or apart, a value in the same word or the next one. */
import type { Choices } from './invocation.ts';

/** What can be sent by `-s`, with the signal that stands for it. */
export const SENDABLE = {
  stop: 'SIGTERM',
  quit: 'SIGQUIT',
  reload: 'SIGHUP',
  reopen: 'SIGUSR1',
} as const satisfies Record<string, NodeJS.Signals>;
export type Sendable = keyof typeof SENDABLE;

export const isSendable = (name: string): name is Sendable => Object.hasOwn(SENDABLE, name);

export interface NginxCommand extends Choices {
  readonly help?: boolean;
  readonly version?: 'short' | 'full';
  readonly test?: 'check' | 'dump';
  readonly quiet?: boolean;
  readonly send?: Sendable;
}

/** The command line is wrong; the message is the one nginx prints. */
export class UsageFault extends Error {}

/** Options without a value. */
const SWITCHES: Record<string, NginxCommand> = {
  '?': { help: true, version: 'short' },
  h: { help: true, version: 'short' },
  v: { version: 'short' },
  V: { version: 'full' },
  t: { test: 'check' },
  T: { test: 'dump' },
  q: { quiet: true },
};

/** Options with a value: its name in messages, and what it sets. */
const VALUES: Record<string, { readonly wants: string; readonly set: (value: string) => NginxCommand }> = {
  p: { wants: 'directory name', set: prefix => ({ prefix }) },
  e: { wants: 'file name', set: errorLog => ({ errorLog }) },
  c: { wants: 'file name', set: file => ({ file }) },
  g: { wants: 'parameter', set: globals => ({ globals }) },
  s: { wants: 'parameter', set: sendOf },
};

/** @throws {UsageFault} */
export function readNginxCommand(args: readonly string[]): NginxCommand {
  let command: NginxCommand = {};
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith('-')) throw new UsageFault(`invalid option: "${word}"`);
    command = { ...command, ...readWord(word.slice(1), rest) };
  }
  return command;
}

/** One word: switches up to an option that takes the rest of it, or the next word, as its value. */
function readWord(letters: string, rest: string[]): NginxCommand {
  let command: NginxCommand = {};
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at]!;
    const option = VALUES[letter];
    if (option)
      return { ...command, ...option.set(takeValue(letter, letters.slice(at + 1), rest, option.wants)) };
    const change = SWITCHES[letter];
    if (!change) throw new UsageFault(`invalid option: "${letter}"`);
    command = { ...command, ...change };
  }
  return command;
}

function takeValue(letter: string, joined: string, rest: string[], wants: string): string {
  const value = joined || rest.shift();
  if (!value) throw new UsageFault(`option "-${letter}" requires ${wants}`);
  return value;
}

function sendOf(name: string): NginxCommand {
  if (!isSendable(name)) throw new UsageFault(`invalid option: "-s ${name}"`);
  return { send: name };
}
