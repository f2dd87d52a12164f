/** Moat and Debian's nginx on the same configuration, asked the same: for what both must answer alike. */
import assert from 'node:assert/strict';
import { freePorts, httpConf, type Running, startMoat, startNginx } from './rig.ts';
import { type Ask, type Reply, request } from './wire.ts';

export type Twins = AsyncDisposable & {
  readonly moat: Running;
  readonly nginx: Running;
  readonly ports: { readonly moat: number; readonly nginx: number };
  /** Asks both. @throws when status, compared fields or body differ; gives back moat's answer */
  same(ask: Ask, fields?: readonly string[]): Promise<Reply>;
};

/** Fields that say who answers, and when. */
const OWN = new Set(['server', 'date', 'connection', 'keep-alive']);

/** @param body the inside of `http {}`; PORT stands for the port to listen on */
export async function startTwins(body: string, files: Readonly<Record<string, string>> = {}): Promise<Twins> {
  const [moatPort = 0, nginxPort = 0] = await freePorts(2);
  const conf = (port: number) => httpConf(body.replaceAll('PORT', String(port)));
  const nginx = await startNginx(conf(nginxPort), { files });
  const moat = await startMoat(conf(moatPort), { files }).catch(async fault => {
    await nginx.stop();
    throw fault;
  });
  return {
    moat,
    nginx,
    ports: { moat: moatPort, nginx: nginxPort },
    async same(ask, fields) {
      const [ours, theirs] = await Promise.all([request(moatPort, ask), request(nginxPort, ask)]);
      assert.deepEqual(shown(ours, fields), shown(theirs, fields), JSON.stringify(ask));
      return ours;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([moat.stop(), nginx.stop()]);
    },
  };
}

/** What is compared: the status, the fields in any order, the body freed from its coding. */
function shown({ status, headers }: Reply, only: readonly string[] | undefined) {
  const compared = headers
    .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
    .filter(line => {
      const name = line.slice(0, line.indexOf(':'));
      return only ? only.includes(name) : !OWN.has(name);
    });
  return [status, ...compared.sort()];
}
