/** What a member said to a health check, and the variables that stand for it. */
import { asciiLower } from '#kit/ascii.ts';
import { regexOf } from '#kit/pcre.ts';
import type { UserVariable } from '#model/l7/variable.ts';
import type { Template } from '#model/template.ts';
import { HostnameTable } from '../route/hostname-table.ts';

export interface CheckAnswer {
  readonly status: number;
  /** By lower-case name; several lines of one name joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** The first 256 KiB, latin1; '' when no test looks at it. */
  readonly body: string;
  readonly address: string;
  /** From the start of the connection to the head of the answer. */
  readonly headerMs: number;
}

/** Maps may name maps, in circles too. */
const MOST_DEPTH = 16;

/** Variables in the context of an answer: `$upstream_status`, `$upstream_http_*` and their kin, and maps of them; all others are empty. */
export class AnswerVariables {
  readonly #maps = new Map<string, Extract<UserVariable, { kind: 'map' }>>();

  constructor(variables: readonly UserVariable[]) {
    this.use(variables);
  }

  /** From now on these maps are known, and no others. */
  use(variables: readonly UserVariable[]): void {
    this.#maps.clear();
    for (const variable of variables) if (variable.kind === 'map') this.#maps.set(variable.name, variable);
  }

  text(template: Template, answer: CheckAnswer, depth = 0): string {
    if (typeof template === 'string') return template;
    return template
      .map(part => (typeof part === 'string' ? part : this.#value(part.variable, answer, depth)))
      .join('');
  }

  #value(name: string, answer: CheckAnswer, depth: number): string {
    const map = this.#maps.get(name);
    if (map) return depth < MOST_DEPTH ? this.#mapped(map, answer, depth + 1) : '';
    if (name.startsWith('upstream_http_'))
      return answer.headers[name.slice('upstream_http_'.length).replaceAll('_', '-')] ?? '';
    return BUILT_IN[name]?.(answer) ?? '';
  }

  #mapped(map: Extract<UserVariable, { kind: 'map' }>, answer: CheckAnswer, depth: number): string {
    const source = this.text(map.source, answer, depth);
    const key = map.hostnames ? source.replace(/\.$/, '') : source;
    const table = new HostnameTable<Template>(map.keys);
    const plain = table.exact(key) ?? table.find(asciiLower(key));
    const pattern =
      plain === undefined && key !== ''
        ? map.patterns.find(one => regexOf(one.pattern).test(key))
        : undefined;
    return this.text(plain ?? pattern?.value ?? map.fallback, answer, depth);
  }
}

const seconds = (ms: number) => (ms / 1000).toFixed(3);

const BUILT_IN: Readonly<Record<string, (answer: CheckAnswer) => string>> = {
  status: answer => String(answer.status),
  upstream_status: answer => String(answer.status),
  upstream_addr: answer => answer.address,
  upstream_header_time: answer => seconds(answer.headerMs),
  upstream_response_time: answer => seconds(answer.headerMs),
  upstream_response_length: answer => String(answer.body.length),
};
