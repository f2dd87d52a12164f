/** The audit log: when a line is written, and what it holds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compiled, inspect, type Sent } from '../engine.ts';

function linesOf(text: string, sent: Sent): string[] {
  const lines: string[] = [];
  inspect(compiled(text, { audit: { write: line => void lines.push(line) } }), sent);
  return lines;
}

const RULE = 'SecRule ARGS "@rx x" "id:7,pass,msg:\'m\',severity:2,tag:\'t\'"\n';

test('audit: RelevantOnly writes what a rule marked or the status makes relevant', () => {
  const text = `SecAuditEngine RelevantOnly\nSecAuditLogRelevantStatus "^5"\n${RULE}`;
  assert.equal(linesOf(text, { target: '/?a=x' }).length, 1);
  assert.equal(linesOf(text, { target: '/?a=y' }).length, 0);
  assert.equal(linesOf(text, { target: '/?a=y', response: { status: 502 } }).length, 1);
  assert.equal(
    linesOf(`SecAuditEngine RelevantOnly\nSecRule ARGS "@rx x" "id:1,pass,noauditlog"`, { target: '/?a=x' })
      .length,
    0,
  );
  assert.equal(linesOf(RULE, { target: '/?a=x' }).length, 0);
  assert.equal(linesOf('SecAuditEngine On', {}).length, 1);
});

test("audit: a line is one line of ASCII-safe JSON in ModSecurity's shape, with the parts that were asked for", () => {
  const sent = { target: '/?a=x%0a\xff', headers: ['Host', 'h', 'X', '1', 'X', '2'] };
  const [line] = linesOf(`SecAuditEngine On\nSecAuditLogParts ABHZ\n${RULE}`, sent);
  assert.ok(line && !line.includes('\n'));
  const { transaction } = JSON.parse(line);
  assert.equal(transaction.client_ip, '192.0.2.7');
  assert.deepEqual(transaction.request.headers, { Host: 'h', X: ['1', '2'] });
  assert.equal('body' in transaction.request, false);
  assert.equal(transaction.messages[0].details.ruleId, '7');
  assert.equal(transaction.messages[0].details.severity, 'CRITICAL');
  const [without] = linesOf(
    'SecAuditEngine On\nSecAuditLogParts ABHZ\nSecAction "id:1,phase:1,pass,nolog,ctl:auditLogParts=-B"',
    sent,
  );
  assert.equal(JSON.parse(without!).transaction.request.headers, undefined);
});
