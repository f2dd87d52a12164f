/**
 * Random sites beside Debian's nginx: locations, rewrites, conditions, error pages, files and access checks in every
 * mixture. `MOAT_FUZZ_SEED` and `MOAT_FUZZ_RUNS` (servers) repeat or extend a run.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { response, startUpstream } from '../e2e/upstream.ts';
import { type Ask, besideNginx } from '../l7/beside-nginx.ts';
import { FILES, Sites } from './sites.ts';

const SEED = Number(process.env['MOAT_FUZZ_SEED'] ?? 20_261_127);
const SERVERS = Number(process.env['MOAT_FUZZ_RUNS'] ?? 40);
const ASKS_A_SERVER = 25;

test(`random sites answer as under nginx (seed ${SEED})`, async () => {
  const sites = new Sites(SEED);
  const names = Array.from({ length: SERVERS }, (_, at) => `s${at}.test`);
  const servers = names.map(name => sites.server(name));
  await using upstream = await startUpstream(({ start, body }) =>
    response(Number(/\/s(\d{3})/.exec(start)?.[1] ?? 200), `UP ${start} ${body}`, [
      'Content-Type: text/html',
      'X-Up: 1',
    ]),
  );
  await using pair = await besideNginx({
    upstream: upstream.port,
    files: FILES,
    http: `uninitialized_variable_warn off; proxy_http_version 1.1; proxy_set_header Connection "";
      types { text/html html; text/plain txt; } ${servers.join('\n')}`,
  });
  assert.ok(names.length > 0);
  for (const [at, name] of names.entries()) {
    const asks = Array.from({ length: ASKS_A_SERVER }, (): Ask => sites.ask(name));
    await pair.compare(asks).catch((error: Error) => {
      throw new Error(`${error.message}\nof ${servers[at]}`, { cause: error });
    });
  }
});
