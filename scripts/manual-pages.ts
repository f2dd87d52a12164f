/** Writes moat.8 and moat.conf.5 from the tables of commands and directives: `node scripts/manual-pages.ts FOLDER`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ManualEntry, manualEntries } from '#config';
import { COMMANDS } from '../control/commands.ts';
import { MOAT_VERSION } from '../control/version.ts';

/** Text as roff reads it: no letter of it is a request or an escape. */
export function escaped(text: string): string {
  return text
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(/^([.'])/gm, '\\&$1')
    .replace(
      /[^\x00-\x7f]/g,
      letter => `\\[u${letter.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`,
    );
}

const argument = (text: string) => `"${escaped(text).replaceAll('"', '\\(dq')}"`;
const title = (name: string, section: number) =>
  `.\\" Made by scripts/manual-pages.ts; do not edit.\n.TH ${name} ${section} "" "moat ${MOAT_VERSION}"\n`;
const section = (name: string, text: string) => `.SH ${argument(name)}\n${text}`;
const item = (term: string, text: string) => `.TP\n.B ${argument(term)}\n${escaped(text)}\n`;
const paragraph = (text: string) => `.PP\n${escaped(text)}\n`;
const sample = (text: string) => `.PP\n.nf\n.RS 4\n${escaped(text)}\n.RE\n.fi\n`;

const NGINX: readonly (readonly [string, string])[] = [
  ['-c FILE', 'the configuration file; a relative path starts at the prefix'],
  ['-p DIR', 'the prefix, where relative paths of the configuration start (/etc/moat/ unless told)'],
  ['-e FILE', 'the error log until the configuration names one; stderr is a word for it'],
  ['-g TEXT', 'directives of the main context, read before the file'],
  ['-t, -T', 'check the configuration, its logs and addresses, and end; -T prints all of its files as well'],
  ['-q', 'with -t and -T: nothing but errors'],
  ['-s SIGNAL', 'send stop, quit, reload or reopen to the process of the pid file'],
  ['-v, -V', 'the version; with what is built in'],
];

const SIGNALS: readonly (readonly [string, string])[] = [
  ['HUP', 'read the configuration again; a faulty one changes nothing and is told of in the error log'],
  ['QUIT', 'finish what is being served, and end'],
  ['TERM, INT', 'end at once'],
  ['USR1', 'open the log files anew'],
  [
    'USR2',
    'start the program that stands in the place of this one now, on the same sockets; QUIT to the old one completes it',
  ],
  ['WINCH', 'let the workers finish and go; HUP brings new ones'],
];

const FILES: readonly (readonly [string, string])[] = [
  ['/etc/moat/moat.conf', 'the configuration, see moat.conf(5)'],
  [
    '/run/moat/moat.pid',
    'the process, where the configuration says so; moat.sock beside it is what moat status asks',
  ],
  ['/var/lib/moat', 'keys, users, events and history that outlive a restart'],
  ['/var/log/moat', 'logs, where the configuration says so'],
];

const items = (rows: readonly (readonly [string, string])[]) =>
  rows.map(([term, text]) => item(term, text)).join('');

export function commandPage(): string {
  const commands = Object.values(COMMANDS).map(({ usage, summary }) => item(`moat ${usage}`, summary));
  return [
    title('MOAT', 8),
    section('NAME', `${escaped('moat - layered L4 and L7 reverse proxy with one configuration')}\n`),
    section(
      'SYNOPSIS',
      `.B moat\n.I command\n[...]\n.br\n.B moat\n${escaped('[-?hvVtTq] [-s signal] [-p prefix] [-e filename] [-c filename] [-g directives]')}\n`,
    ),
    section(
      'DESCRIPTION',
      paragraph(
        'moat forwards TCP and UDP in the kernel (l4), speaks VRRP with the other node of a pair (cluster), and serves HTTP with load balancing, TLS and a web application firewall (http). One file configures all of it, in the language of nginx. Without a command it serves, under the options of nginx.',
      ),
    ),
    section('COMMANDS', commands.join('')),
    section('OPTIONS', items(NGINX)),
    section('SIGNALS', items(SIGNALS)),
    section('FILES', items(FILES)),
    section(
      'EXIT STATUS',
      paragraph(
        '0: done. 1: not done, stderr says why. 2: a wrong command line. 3: moat check and moat import: the configuration is faulty.',
      ),
    ),
    section('SEE ALSO', '.BR moat.conf (5)\n'),
  ].join('');
}

function directive(entry: ManualEntry): string {
  const { syntax, summary, context, args, differs, example } = entry;
  return [
    `.SS ${argument(syntax)}\n`,
    entry.default === undefined ? '' : `Default: ${escaped(entry.default)}\n.br\n`,
    `Context: ${escaped(context.map(one => one.replace(/^(.*)-if$/, 'if in $1')).join(', '))}\n`,
    paragraph(summary),
    items(args),
    differs === undefined ? '' : paragraph(`Unlike nginx: ${differs}`),
    sample(example),
  ].join('');
}

export function configPage(): string {
  return [
    title('MOAT.CONF', 5),
    section('NAME', `${escaped('moat.conf - configuration of moat')}\n`),
    section(
      'DESCRIPTION',
      paragraph(
        'The syntax is that of nginx: directives that end with a semicolon, blocks in braces, # for comments, quotes, variables, include. moat check FILE finds every fault with its line and a way out; moat directives NAME prints one of the entries below.',
      ),
    ),
    section('DIRECTIVES', manualEntries().map(directive).join('')),
    section('SEE ALSO', '.BR moat (8)\n'),
  ].join('');
}

if (import.meta.main) {
  const folder = process.argv[2] ?? '.';
  writeFileSync(join(folder, 'moat.8'), commandPage());
  writeFileSync(join(folder, 'moat.conf.5'), configPage());
}
