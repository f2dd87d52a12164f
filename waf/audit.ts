/** The audit log: one line of JSON for each transaction that is worth it. */
import { SEVERITIES } from './action/meta.ts';
import type { MatchedRule } from './match.ts';
import type { Transaction } from './transaction.ts';
import type { Entry } from './variable/variable.ts';

export interface AuditSink {
  /**
   * @param line JSON without its line end, in ASCII and escapes
   * @param about what an index of lines says of it
   */
  write(line: string, about: Audited): void;
}

export interface Audited {
  readonly id: string;
  readonly startedMs: number;
  readonly clientAddress: string;
  readonly method: string;
  readonly target: string;
  /** Of the answer, or the refusal; 0 where there is none. */
  readonly status: number;
}

/** Writes the line when `SecAuditEngine` (or ctl) asks for it. */
export function writeAudit(transaction: Transaction, sink: AuditSink | undefined): void {
  if (!sink || !isRelevant(transaction)) return;
  const { request, startedMs } = transaction;
  const { id, clientAddress, method, target } = request.head;
  const about = { id, startedMs, clientAddress, method, target, status: statusOf(transaction) };
  sink.write(JSON.stringify(auditRecord(transaction)), about);
}

const statusOf = ({ decision, response }: Transaction): number =>
  decision?.status ?? response?.head.status ?? 0;

function isRelevant(transaction: Transaction): boolean {
  const { control, matchedRules, settings, response } = transaction;
  if (control.audit !== 'relevant') return control.audit === 'on';
  if (matchedRules.some(({ auditLogs }) => auditLogs)) return true;
  return (
    settings.auditRelevant?.(String(response?.head.status ?? transaction.decision?.status ?? '')) ?? false
  );
}

/** In the shape that ModSecurity's JSON log has, so that what reads that reads this. */
export function auditRecord(transaction: Transaction): object {
  const { request, response, body, control, settings, decision } = transaction;
  const { head } = request;
  const has = (part: string) => control.auditParts.includes(part);
  return {
    transaction: {
      client_ip: head.clientAddress,
      client_port: head.clientPort,
      host_ip: head.serverAddress,
      host_port: head.serverPort,
      time_stamp: new Date(transaction.startedMs).toISOString(),
      unique_id: head.id,
      server_id: settings.sensorId,
      request: {
        method: head.method,
        uri: head.target,
        http_version: head.protocol.replace(/^HTTP\//, ''),
        ...(has('B') && { headers: fields(request.headers) }),
        ...((has('C') || has('I')) && { body: body.text }),
      },
      response: {
        http_code: statusOf(transaction),
        ...(has('F') && { headers: fields(response?.headers ?? []) }),
        ...(has('E') && { body: response?.body ?? '' }),
      },
      ...(has('H') && {
        producer: { connector: 'moat', secrules_engine: control.engine, components: settings.components },
        decision: decision ?? null,
        messages: transaction.matchedRules.filter(({ auditLogs }) => auditLogs).map(message),
      }),
      ...(has('J') && {
        files: body.files.map(({ name, filename, length }) => ({ name, filename, size: length })),
      }),
    },
  };
}

function fields(entries: readonly Entry[]): Record<string, string | string[]> {
  const found: Record<string, string | string[]> = Object.create(null);
  for (const { key, value } of entries) {
    const before = found[key];
    found[key] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  }
  return found;
}

const message = ({ rule, message, data, tags, matches }: MatchedRule): object => ({
  message,
  details: {
    match: matches.map(
      ({ variable, operator, transformed }) =>
        `Matched ${operator} against ${variable} (value: ${transformed})`,
    ),
    ruleId: String(rule.id),
    file: rule.file,
    lineNumber: String(rule.line),
    data,
    severity: rule.severity === undefined ? '' : SEVERITIES[rule.severity],
    ver: rule.version,
    rev: rule.revision,
    tags,
    maturity: String(rule.maturity),
    accuracy: String(rule.accuracy),
  },
});
