/** Keys and secrets, which stand in the line or in a file. */
import { ArgumentFault } from './argument.ts';
import type { Token } from './lex.ts';
import type { Scope } from './scope.ts';

const LEAST_CHARACTERS = 16;

/** Reads `TEXT`, or of `file:PATH` the first line. @throws {ArgumentFault} when the file cannot be read */
export function readSecretText({ text }: Token, scope: Scope): string {
  return text.startsWith('file:') ? scope.readFile(text.slice(5)).split('\n')[0]!.trim() : text;
}

/** Warns when anybody on this host may read a secret that stands in a file. */
export function warnIfPublic({ text, ...site }: Token, scope: Scope): void {
  const path = scope.confPath(text.replace(/^file:/, ''));
  if (!scope.around.source.isPublic?.(path)) return;
  scope.faults.warn('public-secret', `anybody on this host may read ${path}`, site, `chmod o-r ${path}`);
}

/** @param what as messages call it @throws {ArgumentFault} when it is so short that all can be tried */
export function refuseGuessable(secret: string, what: 'key' | 'secret', token: Token): void {
  if (secret.length >= LEAST_CHARACTERS) return;
  const message = `a ${what} of ${secret.length} characters can be guessed`;
  throw new ArgumentFault(message, `take ${LEAST_CHARACTERS} or more`, token);
}
