/** A reload, alone and under load: how long until the new configuration answers, and what was lost meanwhile. */
import { writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { scaleConf } from './conf-scale.ts';
import type { Apply } from './rounds.ts';
import type { Fact } from './scenarios.ts';
import type { Running, Stage } from './stage.ts';

/** Long enough for the load to begin before the signal, and to go on after the change of `size` servers. */
const loadSeconds = (size: number) => (size > 1000 ? 5 : 3);

export async function reloadUnderLoad(
  stage: Stage,
  running: Running,
  size: number,
  load: Apply,
): Promise<{ fact: Fact; note: string }> {
  let version = 1;
  const reload = async () => {
    version++;
    const flavour = running.peer.name === 'nginx' ? 'nginx' : 'moat';
    writeFileSync(
      join(running.directory, 'conf'),
      scaleConf(size, version, running.port, stage.servers, flavour),
    );
    const beganMs = performance.now();
    running.child.process.kill('SIGHUP');
    while ((await versionAt(running.port)) !== `version ${version}`) {
      if (performance.now() - beganMs > 60_000)
        throw new Error(`${running.peer.name} did not take the new configuration`);
      await sleep(2);
    }
    return performance.now() - beganMs;
  };
  const aloneMs = await reload();
  const loaded = load(running, loadSeconds(size));
  await sleep(1000);
  const underLoadMs = await reload();
  const { requests, errors } = await loaded;
  const name = running.peer.name;
  const note = `${name.padEnd(11)} reload with ${size} servers: ${aloneMs.toFixed(0)} ms, under load ${underLoadMs.toFixed(0)} ms, ${errors} of ${requests} requests failed`;
  return { fact: { scenario: 'reload', peer: name, size, aloneMs, underLoadMs, requests, errors }, note };
}

/** What a new connection is told; '' when it is refused. */
function versionAt(port: number): Promise<string> {
  return new Promise(done => {
    const request = get(
      { port, host: '127.0.0.1', agent: false, headers: { Host: 'version.example' } },
      response => {
        let body = '';
        response.setEncoding('latin1').on('data', text => (body += text));
        response.once('close', () => done(body));
      },
    );
    request.once('error', () => done(''));
  });
}
