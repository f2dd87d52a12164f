/** Events of the WAF as text. */
import {
  type LearnedFact,
  MOST_LEARNED_CLIENTS,
  type WafEvent,
  type WafEventMatch,
  type WafEventRule,
} from '#model/waf-event.ts';
import { tableOf } from '../../status/text.ts';
import type { Finding } from './tune.ts';

/** What clients sent must not act on the terminal. */
export const shown = (text: string, most = 200): string => {
  const cut = text.length > most ? `${text.slice(0, most)}...` : text;
  return cut.replace(/[\0-\x1f\x7f-\x9f]/g, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
};

const timeText = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').slice(0, 19);

const WIDTHS = { path: 40, rules: 32 };

export function eventsText(events: readonly WafEvent[]): string {
  if (events.length === 0) return 'no events\n';
  const rows = events.map(({ id, timeMs, action, score, clientAddress, request, path, source, rules }) => [
    id.slice(0, 12),
    timeText(timeMs),
    action,
    String(score),
    clientAddress,
    `${request.method} ${shown(path, WIDTHS.path)}`,
    shown([...(source === 'rules' ? [] : [source]), ...rules.map(rule => rule.id)].join(','), WIDTHS.rules),
  ]);
  return tableOf(['id', 'time (UTC)', 'action', 'score', 'client', 'request', 'rules'], rows);
}

function matchText({ variable, value, transformed, part, operator, transformations }: WafEventMatch): string {
  const chain = transformations.length > 0 ? ` after ${transformations.join(', ')}` : '';
  const lines = [`      in ${shown(variable)}: ${shown(value)}`];
  if (transformed !== value) lines.push(`      seen${chain}: ${shown(transformed)}`);
  if (part !== undefined && part !== transformed) lines.push(`      matched: ${shown(part)}`);
  lines.push(`      by ${shown(operator, 120).trimEnd()}`);
  return lines.join('\n');
}

function ruleText({ id, message, severity, data, tags, file, line, matches }: WafEventRule): string {
  const head = `  ${id}  ${severity === '' ? '' : `${severity.toLowerCase()}  `}${shown(message)}`;
  const where = `      ${file}:${line}${tags.length > 0 ? `  [${tags.slice(0, 4).join(', ')}]` : ''}`;
  const told = data === '' ? [] : [`      ${shown(data)}`];
  return [head, ...told, ...matches.map(matchText), where].join('\n');
}

const ACTIONS = { pass: 'passed', detect: 'would have been refused', block: 'was refused' } as const;

export function eventText(event: WafEvent): string {
  const { id, timeMs, action, status, score, clientAddress, host, location, site, phase, request, rules } =
    event;
  const { source, reason } = event;
  const found = reason === '' ? [] : [`${source === 'rules' ? 'a limit' : source}: ${shown(reason)}`];
  const inPhase = phase > 0 ? ` in phase ${phase}` : '';
  const body =
    request.body === '' ? [] : ['', `  body (${request.bodyBytes} bytes): ${shown(request.body, 500)}`];
  return [
    `${id}  ${timeText(timeMs)} UTC`,
    `${request.method} ${shown(request.target, 500)} ${request.protocol} for ${host || '(no host)'} from ${clientAddress}`,
    `${ACTIONS[action]}${inPhase}${status === 0 ? '' : `, status ${status}`}, score ${score}`, // 0: nothing was answered
    ...found,
    `location ${location}    ${site.file}:${site.line}`,
    '',
    ...rules.map(ruleText),
    ...body,
    '',
  ].join('\n');
}

export const findingsText = (found: readonly Finding[]): string =>
  found.length === 0 ? 'no events\n' : found.map(findingText).join('');

function findingText(finding: Finding): string {
  const { proposals, message, events, clients, alone, sole, learned, sample, confidence, example } = finding;
  const share = learned ? `, of ${learned.requests} requests with it ${learned.flagged}` : '';
  return [
    `${confidence.padEnd(6)}  ${events} events of ${clients} clients, ${alone} by this rule alone, ${sole} in this alone${share}: ${shown(message, 80)}`,
    `        ${shown(sample, 80)}`,
    `        in location ${example.location} (${example.site.file}:${example.site.line}):`,
    ...proposals.map(({ line }) => `        ${line}`),
    '',
  ].join('\n');
}

export function learnedText(facts: readonly LearnedFact[]): string {
  if (facts.length === 0) return 'nothing was learned yet\n';
  const rows = facts.map(({ place, kind, value, requests, flagged, accepted, clients }) => [
    shown(place, WIDTHS.path),
    kind,
    shown(value, WIDTHS.path),
    ...[requests, flagged, accepted].map(String),
    clients.length < MOST_LEARNED_CLIENTS ? String(clients.length) : `${MOST_LEARNED_CLIENTS}+`,
  ]);
  return tableOf(['place', 'kind', 'value', 'requests', 'flagged', 'accepted', 'clients'], rows);
}
