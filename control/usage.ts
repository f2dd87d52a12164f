/** What `moat COMMAND --help` prints: the forms of a command, a line each, what it does, and the options that many take. */

/** What a row of the table of commands says of itself. */
export interface Use {
  /** After `moat`; forms stand apart by ` | ` outside of brackets. */
  readonly usage: string;
  readonly summary: string;
}

/** Options that many commands take, in the spelling of their usage. */
const SHARED: Readonly<Record<string, string>> = {
  '[-c FILE]': 'the configuration that is meant; without -p its folder is the prefix',
  '[-p PREFIX]': 'where relative paths of the configuration start',
  '[--json]': 'the same for programs',
};
const HELP_WORDS = ['--help', '-h'];

/** Whether the words ask for help: after `--` stand texts, no options. */
export function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).some(word => HELP_WORDS.includes(word));
}

/** @returns the lines of `usage:`, with the forms below each other */
export function usageLines({ usage }: Use): string {
  const { own, shared } = partsOf(usage);
  const [name = '', ...rest] = own.split(' ');
  const forms = formsOf(rest.join(' '));
  const lines = forms.map(form => `moat ${name} ${form}`.trimEnd());
  if (forms.length === 1) return `usage: ${[...lines, ...shared].join(' ')}\n`;
  const each = shared.length === 0 ? '' : `       each of them with ${shared.join(' ')}\n`;
  return `usage: ${lines.join('\n       ')}\n${each}`;
}

/** @returns the whole text, which ends with a newline */
export function helpOf(use: Use): string {
  const { shared } = partsOf(use.usage);
  const width = Math.max(0, ...shared.map(({ length }) => length));
  const options = shared.map(option => `  ${option.slice(1, -1).padEnd(width)}${SHARED[option]}\n`);
  const told = options.length === 0 ? '' : `\n${options.join('')}`;
  return `${usageLines(use)}\n${use.summary}\n${told}\nmore: docs/reference/command-line.md\n`;
}

/** Cuts the options that many commands take off the end. */
function partsOf(usage: string): { readonly own: string; readonly shared: readonly string[] } {
  const [tail = ''] = /(?: \[(?:-c FILE|-p PREFIX|--json)\])+$/.exec(usage) ?? [];
  const shared = Object.keys(SHARED).filter(option => tail.includes(option));
  return { own: usage.slice(0, usage.length - tail.length), shared };
}

/** Splits at ` | ` outside of brackets. */
function formsOf(usage: string): readonly string[] {
  const forms: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < usage.length; at++) {
    if (usage[at] === '[') depth++;
    else if (usage[at] === ']') depth--;
    else if (depth === 0 && usage.startsWith(' | ', at)) {
      forms.push(usage.slice(from, at));
      from = at + 3;
    }
  }
  return [...forms, usage.slice(from)];
}
