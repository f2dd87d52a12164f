/** Random programs of the rewrite module answer under moat as under nginx. The seeds are fixed: what fails, fails again. */
import { test } from 'node:test';
import { type Ask, besideNginx } from '../l7/beside-nginx.ts';
import { Dice } from './requests.ts';
import { ProgramMaker } from './rewrite-programs.ts';

const SEEDS = [1, 2, 3];
const SERVERS = 20;
const REQUESTS = 15;
const FILES = { 'dir/f': 'file f', 'a/x': 'file ax', x: 'file x', 'dir/a/x': 'dir a x', c: 'file c' };

for (const seed of SEEDS) {
  test(`rewrite programs: ${SERVERS} servers × ${REQUESTS} requests of seed ${seed}`, async () => {
    const maker = new ProgramMaker(new Dice(seed));
    const names = Array.from({ length: SERVERS }, (_, n) => `s${n}`);
    const blocks = names.map(
      name => `server { listen {port}; server_name ${name}; root {root}; ${maker.server()} }`,
    );
    const echo = 'server { listen {port}; server_name echo; return 200 "$request_method $request_uri"; }';
    const asks = names.flatMap(name => Array.from({ length: REQUESTS }, (): Ask => maker.request(name)));
    await using pair = await besideNginx({ http: [...blocks, echo].join('\n'), files: FILES });
    await pair.compare(asks);
  });
}
