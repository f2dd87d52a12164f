/** What is said before there is a log: to the terminal that started the program, and to the log it named. */
import { type Diagnostic, renderDiagnostics } from '#config';
import { AppendFiles } from '#kit/append-file.ts';
import type { LogLevel } from '#kit/log.ts';
import { LogBook } from '#kit/log-book.ts';
import { openDatagrams } from '#native/datagram.ts';
import { sayThroughParent } from './background-child.ts';
import type { Invocation } from './invocation.ts';
import { defaultErrorLog } from './plane-config.ts';

/** Writes a latin1 text to stderr, or through the parent's when this process is on its way to the background. */
export function say(text: string): void {
  if (!sayThroughParent(text)) process.stderr.write(text, 'latin1');
}

/** `nginx: [emerg] message`, the form that scripts look for. */
export function complain(level: LogLevel, message: string): void {
  say(`nginx: [${level}] ${message}\n`);
}

/** A fault of the configuration on one line, its place at the end. */
export function lineOf({ message, hint, file, line }: Diagnostic): string {
  const place = file === 'command line' ? file : `${file}:${line}`;
  return `${message}${hint === undefined ? '' : ` (${hint})`} in ${place}`;
}

/** Tells faults of the configuration on stderr. @param quiet leaves out warnings */
export function complainOf(diagnostics: readonly Diagnostic[], quiet = false): void {
  for (const diagnostic of diagnostics) {
    if (diagnostic.severity === 'error') complain('emerg', lineOf(diagnostic));
    else if (!quiet) complain('warn', lineOf(diagnostic));
  }
}

/** Shows the faulty lines as `moat check` does, below what nginx would say of them. */
export function showFaults(diagnostics: readonly Diagnostic[], texts: ReadonlyMap<string, string>): void {
  say(Buffer.from(renderDiagnostics(diagnostics, { texts })).toString('latin1'));
}

/** Leaves a message in the log that the command line names (or the default one), where that can be opened. */
export function leaveInLog(invocation: Invocation, messages: readonly string[]): void {
  const route = defaultErrorLog(invocation);
  if (route.target.kind !== 'file') return; // stderr has it already
  try {
    const means = { origin: `${process.pid}#0`, files: new AppendFiles(), datagrams: openDatagrams };
    const { main } = new LogBook(means, [route]);
    for (const message of messages) main.emerg(message);
  } catch {
    // stderr has it already, and a log that cannot be opened is told of when the configuration is sound
  }
}
