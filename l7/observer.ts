/** Watches one request find its way, for `moat explain`: content is told of, not run. */
import type { LocationModel } from '#model/l7/http.ts';
import type { Exchange } from './exchange.ts';
import type { RewriteProgram } from './phase/program.ts';
import { DONE, NEXT, type Phase, WAIT } from './phase/verdict.ts';

/** One thing that was decided, and where in the configuration that stands. */
export interface Step {
  /** listener, server, location, phase, content, answer: one word for the first column. */
  readonly what: string;
  readonly text: string;
  readonly site?: { readonly file: string; readonly line: number };
}

export class Observer {
  readonly steps: Step[] = [];

  note(what: string, text: string, site?: Step['site']): void {
    this.steps.push({ what, text, ...(site && { site }) });
  }

  /** What was told last of where the request is: not told again while it stays there. */
  #place = '';

  /** @returns what was told since; the next request begins anywhere */
  take(): readonly Step[] {
    this.#place = '';
    return this.steps.splice(0);
  }

  /** Puts itself before a location's rewrites, which may answer. */
  watchRewrite(program: RewriteProgram, location: LocationModel): RewriteProgram {
    return [exchange => this.#arrive(exchange, location), ...program];
  }

  /** Puts itself before, between and behind the phases of a location. */
  watch(phases: readonly Phase[], names: readonly string[], location: LocationModel): Phase[] {
    const arrive: Phase = exchange => this.#arrive(exchange, location);
    const watched = phases.map(
      (phase, at): Phase =>
        exchange =>
          this.#run(phase, names[at]!, exchange),
    );
    return [arrive, ...watched, exchange => this.#content(exchange, location)];
  }

  #arrive({ path, args }: Exchange, location: LocationModel): number {
    const place = `${describe(location)}, path ${path}${args && `?${args}`}`;
    if (place !== this.#place) this.note('location', place, location.site);
    this.#place = place;
    return NEXT;
  }

  #run(phase: Phase, name: string, exchange: Exchange): number {
    const verdict = phase(exchange);
    const said =
      verdict === NEXT
        ? 'passes'
        : verdict === WAIT
          ? 'waits'
          : verdict === DONE
            ? 'answers'
            : `refuses with ${verdict}`;
    this.note('phase', `${name} ${said}`);
    return verdict;
  }

  #content(exchange: Exchange, { content, settings, site }: LocationModel): number {
    if (content.kind === 'redirect-balance') {
      this.note('content', `redirect_balance ${content.pool}`, site);
      this.#pool(exchange, content.pool);
    } else if (content.kind !== 'proxy')
      this.note(
        'content',
        content.kind === 'static'
          ? `static files below ${show(settings.core.alias?.path ?? settings.core.root)}`
          : content.kind,
        site,
      );
    else {
      this.note('content', `proxy_pass ${show(content.target.url)}`, site);
      this.#pool(exchange, content.target.authority);
    }
    return WAIT;
  }

  #pool({ tables }: Exchange, authority: LocationModel['settings']['core']['root']): void {
    if (typeof authority !== 'string') return;
    const pool = tables.pools.named(authority)?.model;
    if (!pool) return;
    const { method, key } = pool.balance;
    this.note(
      'pool',
      `${pool.name}: ${method}${key === undefined ? '' : ` by ${show(key)}`}${pool.sticky ? `, sticky ${pool.sticky.kind}` : ''}`,
    );
    for (const { name, weight, backup, down, drain } of pool.members) {
      const state = [backup && 'backup', down && 'down', drain && 'drain'].filter(Boolean).join(' ');
      this.note('member', `${name} weight=${weight}${state && ` ${state}`}`);
    }
    for (const { label } of pool.discovery) this.note('member', `those that ${label} names`);
  }
}

function describe({ match, label }: LocationModel): string {
  return match.kind === 'none' && label === 'server' ? 'none: the server itself answers' : label;
}

/** A template as one would write it. */
function show(template: LocationModel['settings']['core']['root']): string {
  return typeof template === 'string'
    ? template
    : template.map(part => (typeof part === 'string' ? part : `$${part.variable}`)).join('');
}
