/** What an HAProxy frontend answers by itself: redirects and refusals. */

import type { Rule } from './haproxy-locations.ts';
import { type Acls, isPlainOnly, type Where } from './haproxy-match.ts';
import type { Line } from './haproxy-tree.ts';
import { moatValue } from './haproxy-value.ts';
import type { Remarks, Words } from './outcome.ts';

export class Answers {
  readonly #acls: Acls;
  readonly #set: (...lines: Words[]) => void;
  readonly #remarks: Remarks;
  #redirect: string | undefined;

  /** @param set takes lines that hold for the whole server */
  constructor(acls: Acls, set: (...lines: Words[]) => void, remarks: Remarks) {
    this.#acls = acls;
    this.#set = set;
    this.#remarks = remarks;
  }

  /** The status by which all that comes without TLS is sent to https; undefined: it is served. */
  get redirect(): string | undefined {
    return this.#redirect;
  }

  /** Redirects and refusals: HAProxy comes to them before it chooses a backend. */
  of({ words, line }: Line): Rule[] {
    const [first = '', second = ''] = words;
    const [verb, rest] = first === 'redirect' ? [first, words.slice(1)] : [second, words.slice(2)];
    if (first === 'monitor-uri') return [{ where: { paths: [`= ${second}`] }, does: [['return', '200']] }];
    const isReject = first === 'tcp-request' && /^(connection|content)$/.test(second) && rest[0] === 'reject';
    const isRule =
      first === 'redirect' || (first === 'http-request' && ['redirect', 'deny', 'reject'].includes(verb));
    if (!isRule && !isReject) return [];
    const at = rest.findIndex(word => word === 'if' || word === 'unless');
    const [how, keyword, condition] =
      at === -1 ? [rest, undefined, []] : [rest.slice(0, at), rest[at], rest.slice(at + 1)];
    if (verb === 'redirect') return this.#redirects(how, keyword, condition, line);
    return this.#refusals(how, keyword, condition, line);
  }

  #redirects(
    how: readonly string[],
    keyword: string | undefined,
    condition: readonly string[],
    line: number,
  ): Rule[] {
    const [kind, target = ''] = how;
    const code = how.includes('code') ? how[how.indexOf('code') + 1]! : '302';
    if (kind === 'scheme' && target === 'https' && isPlainOnly(keyword, condition)) {
      this.#redirect = code;
      return [];
    }
    const value = moatValue(target);
    const wheres = keyword === 'unless' ? undefined : this.#acls.where(condition);
    const text =
      kind === 'location'
        ? value
        : kind === 'prefix' && value !== undefined
          ? `${value}$request_uri`
          : undefined;
    if (text === undefined || !wheres || wheres.some(({ sources, tls }) => sources || tls)) {
      this.#remarks.dropped(
        line,
        `redirect ${how.join(' ')}: write a return line in the location that is meant`,
      );
      return [];
    }
    return wheres.map(where => ({ where, does: [['return', code, text]] }));
  }

  /** Who was kept out there is kept out here: where that cannot be said, everybody is, until somebody decides. */
  #refusals(
    how: readonly string[],
    keyword: string | undefined,
    condition: readonly string[],
    line: number,
  ): Rule[] {
    const status = how.includes('deny_status') ? how[how.indexOf('deny_status') + 1]! : '403';
    const text = condition.join(' ');
    if (/\bsc[0-2]?_|src_(conn|http|bytes)/.test(text)) {
      this.#remarks.dropped(line, `a limit of clients (${text}): limit_req and limit_conn do this`);
      return [];
    }
    const inverted =
      keyword === 'unless' ? condition : condition[0]?.startsWith('!') ? withoutSign(condition) : undefined;
    const only = inverted && this.#acls.where(inverted);
    if (only?.every(isSourceOnly)) {
      this.#set(...only.flatMap(({ sources = [] }) => sources.map(source => ['allow', source])), [
        'deny',
        'all',
      ]);
      return [];
    }
    const wheres = inverted ? undefined : this.#acls.where(condition);
    if (wheres?.every(isSourceOnly)) {
      this.#set(...wheres.flatMap(({ sources = [] }) => sources.map(source => ['deny', source])));
      return [];
    }
    if (wheres?.every(({ sources, tls }) => !sources && !tls))
      return wheres.map(where => ({ where, does: [['return', status]] }));
    this.#remarks.dropped(
      line,
      `a refusal (${keyword ?? ''} ${text}): "return 403" keeps everybody out until you decide`,
    );
    this.#set(['return', '403']);
    return [];
  }
}

const isSourceOnly = ({ sources, hosts, paths, tls }: Where) =>
  sources !== undefined && !hosts && !paths && !tls;
const withoutSign = ([first = '', ...rest]: readonly string[]) =>
  first === '!' ? rest : [first.slice(1), ...rest];
