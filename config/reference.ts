/** The pages of docs/reference/ that the tables of the language write. */
import { VARIABLE_FAMILIES, VARIABLES } from '#model/l7/variables.ts';
import { DIAGNOSTIC_CODES } from './diagnostic-code.ts';
import { type Entry, entries } from './manual.ts';
import { NGINX_ONLY } from './nginx-only/nginx-only.ts';
import { contextName } from './registry.ts';

/** Says how a page that is out of date is made anew. */
export const GENERATE = 'node scripts/generate-docs.ts';

const HEAD = `<!-- Made by \`${GENERATE}\`; do not edit. -->\n\n`;

/** File name in docs/reference/ → its text. */
export function referencePages(): Readonly<Record<string, string>> {
  return {
    'directives.md': directives(entries()),
    'not-implemented.md': notImplemented(),
    'diagnostics.md': diagnostics(),
    'variables.md': variables(),
  };
}

function directives(all: readonly Entry[]): string {
  const named = Map.groupBy(all, entry => entry.name);
  const sections = [...named].map(([name, group]) => `\n## ${name}\n${group.map(section).join('\n')}`);
  return `${HEAD}# Directives\n${sections.join('')}`;
}

function section(entry: Entry): string {
  const defaults = entry.default ? `- Default: \`${entry.default}\`\n` : '';
  const args = entry.args.map(([name, text]) => `- \`${name}\`: ${text}\n`).join('');
  const differs = entry.differs ? `\nUnlike nginx: ${entry.differs}\n` : '';
  return [
    `\n- Syntax: \`${entry.syntax}\`\n${defaults}- Context: ${entry.context.map(contextName).join(', ')}\n`,
    `\n${entry.summary}\n${args && `\n${args}`}${differs}`,
    `\n\`\`\`nginx\n${entry.example}\n\`\`\`\n`,
  ].join('');
}

function notImplemented(): string {
  const groups = Map.groupBy([...NGINX_ONLY.keys()], name => NGINX_ONLY.get(name)!.hint);
  const sections = [...groups].map(([hint, names]) => `\n## ${capital(hint)}\n${bySwitch(names)}`);
  return `${HEAD}${NOT_IMPLEMENTED_INTRODUCTION}${sections.join('')}`;
}

const NOT_IMPLEMENTED_INTRODUCTION = `# Directives of nginx that moat does not implement

They are known by name: \`moat check\` says so, and what to do instead. Those that only tune another are passed over: they
have no effect without it, in nginx either, and where it stands it is told itself. So is what is switched off by \`off\`.
`;

/** The names of one hint: first those that are told, then those that tune them. */
function bySwitch(names: readonly string[]): string {
  const lists = [...Map.groupBy(names, name => NGINX_ONLY.get(name)!.beside)];
  return lists
    .map(([beside, list]) => {
      const words = list.toSorted().map(name => `\`${name}\``);
      return `\n${beside === undefined ? '' : `Passed over without ${beside}: `}${words.join(', ')}\n`;
    })
    .join('');
}

const capital = (text: string) => text[0]!.toUpperCase() + text.slice(1);

function diagnostics(): string {
  const rows = Object.entries(DIAGNOSTIC_CODES).map(([code, text]) => `| \`${code}\` | ${cell(text)} |\n`);
  return `${HEAD}# Diagnostics\n\nThe codes of \`moat check\`. They do not change between versions.\n\n| code | meaning |\n|---|---|\n${rows.join('')}`;
}

function variables(): string {
  const named = Object.entries(VARIABLES).map(([name, text]) => [`$${name}`, text] as const);
  const families = Object.entries(VARIABLE_FAMILIES).map(([name, text]) => [`$${name}NAME`, text] as const);
  const captures = ['$1 … $9', 'A group of the regular expression that matched last.'] as const;
  const rows = [...named, ...families, captures].map(([name, text]) => `| \`${name}\` | ${cell(text)} |\n`);
  return `${HEAD}# Variables\n\n| variable | meaning |\n|---|---|\n${rows.join('')}`;
}

const cell = (text: string) => text.replaceAll('|', '\\|');
