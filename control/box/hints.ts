/** Lines for another shell, to look at a box from inside. */
import { join } from 'node:path';
import type { Box } from './box.ts';
import { inUrl } from './plan.ts';

export function hints(box: Box): string[] {
  const { plan, options } = box;
  const [virtual = ''] = plan.virtual;
  const moat = (options.moat.at(-1) ?? 'moat').replace(/\.ts$/, '');
  const [holder] = box.holders;
  const [director = holder] = box.of('director');
  const [proxy] = box.of('proxy');
  const [client] = box.of('client');
  if (!director || !proxy || !client) return [];
  const on = ({ host }: typeof client, words: string) => `ip netns exec ${host.namespace} ${words}`;
  const file = ({ dir }: typeof client) => join(dir, 'moat.conf');
  return [
    on(client, `curl -si http://${inUrl(virtual)}:${plan.http}/round/`),
    on(director, `${moat} l4 list -c ${file(director)}`),
    `${moat} vrrp explain -c ${file(director)}`,
    `${moat} vrrp failover -c ${file(director)}`,
    `${moat} l4 connections -c ${file(director)}`,
    `${moat} status -c ${file(proxy)} --watch`,
    on(proxy, 'ip address show lo'),
    on(director, `tcpdump -nni eth0 port ${plan.http}`),
    on(proxy, 'bash'),
  ];
}
