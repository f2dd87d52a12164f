/**
 * The request parser against llhttp on nearly right requests: where both take a message they must agree on every part of it,
 * and where only one does, the difference must be one of those listed here. `MOAT_FUZZ_SEED` and `MOAT_FUZZ_RUNS` repeat or extend a run.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Outcome, ours, theirs } from './outcome.ts';
import { Dice, nearlyRight } from './requests.ts';

const SEED = Number(process.env['MOAT_FUZZ_SEED'] ?? 20261121);
const RUNS = Number(process.env['MOAT_FUZZ_RUNS'] ?? 6000);

interface Allowed {
  readonly reason: string;
  readonly applies: (bytes: string, moat: Outcome, llhttp: Outcome) => boolean;
}

const why = (outcome: Outcome, pattern: RegExp) => outcome.kind === 'refused' && pattern.test(outcome.why);

/** moat refuses, llhttp takes or waits. */
const STRICTER: readonly Allowed[] = [
  {
    reason: 'Host is required and stands once (RFC 9112 §3.2); llhttp leaves that to its caller',
    applies: (_, moat) => why(moat, /Host/i),
  },
  {
    reason: 'one coding only: chunked (RFC 9112 §6.1 allows 501 for others)',
    applies: (_, moat) => why(moat, /unknown Transfer-Encoding/),
  },
  {
    reason: 'Transfer-Encoding in HTTP/1.0 is faulty framing (RFC 9112 §6.1)',
    applies: (_, moat) => why(moat, /in HTTP\/1\.0/),
  },
  {
    reason: 'two Transfer-Encoding lines are refused, not joined',
    applies: (_, moat) => why(moat, /duplicate Transfer-Encoding/),
  },
  {
    reason: 'a NUL or control character in a target is refused',
    applies: (_, moat) => why(moat, /request target/),
  },
  {
    reason: 'what moat refuses at once llhttp still waits to see the end of',
    applies: (_, moat, llhttp) => moat.kind === 'refused' && llhttp.kind === 'unfinished',
  },
  {
    reason: 'HTTP/2.0 and HTTP/0.9 in a request line get 505',
    applies: (_, moat) => why(moat, /protocol version|HTTP\/0\.9|invalid request line/),
  },
];

/** llhttp refuses, moat takes or waits. */
const LOOSER: readonly Allowed[] = [
  {
    reason: 'LF alone ends a line of the head (RFC 9112 §2.2), as in nginx',
    applies: bytes => /(^|[^\r])\n/.test(bytes.split('\r\n\r\n')[0] ?? ''),
  },
  {
    reason: 'HTTP/1.2 to 1.9 are answered as 1.1 (RFC 9110 §2.5)',
    applies: bytes => /HTTP\/1\.[2-9]/.test(bytes),
  },
  {
    reason: 'methods are tokens: llhttp has a closed list',
    applies: (_, moat, llhttp) => moat.kind !== 'refused' && why(llhttp, /METHOD/),
  },
  {
    reason: 'targets that are no path are refused later, with the URI (400 all the same)',
    applies: (_, moat, llhttp) => moat.kind !== 'refused' && why(llhttp, /URL/),
  },
  {
    reason:
      'llhttp refuses what is wrong in a head before its end is there; moat waits for the end, within limits',
    applies: (_, moat, llhttp) => moat.kind === 'unfinished' && llhttp.kind === 'refused',
  },
  {
    reason: 'a second message behind the first is judged when its turn comes',
    applies: (_, moat, llhttp) => moat.kind === 'taken' && moat.rest > 0 && llhttp.kind === 'refused',
  },
  {
    reason:
      'names outside the token rule are left out of the request (ignore_invalid_headers), llhttp refuses',
    applies: (_, moat, llhttp) => moat.kind === 'taken' && why(llhttp, /HEADER_TOKEN/),
  },
];

function judge(bytes: string, moat: Outcome, llhttp: Outcome): string | undefined {
  if (moat.kind === 'taken' && llhttp.kind === 'taken') {
    const { rest: _ours, ...mine } = moat;
    const { rest: _theirs, ...other } = llhttp;
    if (JSON.stringify(mine) === JSON.stringify(other)) return undefined;
    return 'both take it, and differ';
  }
  if (moat.kind === llhttp.kind) return undefined;
  return (
    allowed(moat.kind === 'refused' ? STRICTER : LOOSER, bytes, moat, llhttp) ??
    `moat: ${moat.kind}, llhttp: ${llhttp.kind}`
  );
}

/** @returns '' when a listed reason covers it */
function allowed(list: readonly Allowed[], bytes: string, moat: Outcome, llhttp: Outcome): '' | undefined {
  const found = list.find(({ applies }) => applies(bytes, moat, llhttp));
  if (!found) return undefined;
  seen.set(found.reason, (seen.get(found.reason) ?? 0) + 1);
  return '';
}

const seen = new Map<string, number>();

test(`parser: ${RUNS} nearly right requests, seed ${SEED}: agrees with llhttp but for the listed differences`, async () => {
  const dice = new Dice(SEED);
  const differences: string[] = [];
  let both = 0;
  for (let run = 0; run < RUNS; run++) {
    const bytes = nearlyRight(dice);
    const [moat, llhttp] = [ours(bytes), await theirs(bytes)];
    if (moat.kind === 'taken' && llhttp.kind === 'taken') both++;
    const difference = judge(bytes, moat, llhttp);
    if (difference)
      differences.push(
        `${difference}\n  ${JSON.stringify(bytes)}\n  moat ${JSON.stringify(moat)}\n  llhttp ${JSON.stringify(llhttp)}`,
      );
  }
  assert.deepEqual(differences.slice(0, 5), [], `${differences.length} of them`);
  assert.ok(
    both > RUNS / 20,
    `only ${both} messages were taken by both: the generator makes nothing but rubbish`,
  );
});

test('parser: every listed difference still occurs', () => {
  const unused = [...STRICTER, ...LOOSER]
    .filter(({ reason }) => !seen.has(reason))
    .map(({ reason }) => reason);
  assert.deepEqual(unused, []);
});
