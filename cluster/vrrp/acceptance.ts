/** Accept_Mode false: packets to virtual addresses are dropped, but for neighbour discovery (RFC 9568 §6.1, §6.4.3). */
import { spawnSync } from 'node:child_process';
import type { ClusterModel } from '#model/cluster/cluster.ts';
import type { VrrpInstanceModel } from '#model/cluster/vrrp.ts';
import { OWNER_PRIORITY } from './state.ts';

const TABLE = 'moat_vrrp';

const ENV = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };

/** What is laid down in nftables; nobody needs nft who never asked for it. */
export class Acceptance {
  #isInstalled = false;

  /**
   * Lays down which addresses take no packets. It can stand whoever holds them: a backup has them not.
   *
   * @throws {Error} when it is wanted and cannot be
   */
  confine(model: Pick<ClusterModel, 'instances'>): void {
    const confined = confinedIn(model);
    if (confined.length === 0 && !this.#isInstalled) return;
    nft(rulesOf(confined));
    this.#isInstalled = confined.length > 0;
  }

  /** Makes sure that confine() will do. @throws {Error} when it will not */
  check(model: ClusterModel): void {
    const confined = confinedIn(model);
    if (confined.length > 0) nft(rulesOf(confined), '--check');
  }
}

const confinedIn = ({ instances }: Pick<ClusterModel, 'instances'>): readonly VrrpInstanceModel[] =>
  instances.filter(({ accept, priority }) => !accept && priority !== OWNER_PRIORITY);

function nft(input: string, ...options: readonly string[]): void {
  const { status, stderr, error } = spawnSync('nft', [...options, '-f', '-'], {
    ...{ input, encoding: 'utf8', env: ENV },
  });
  const reason = error?.message ?? stderr.trim();
  if (status !== 0) throw new Error(`Cannot drop packets to virtual addresses by nft: ${reason}`);
}

function rulesOf(confined: readonly VrrpInstanceModel[]): string {
  const of = (family: 4 | 6) =>
    confined.filter(one => one.family === family).flatMap(one => one.addresses.map(({ address }) => address));
  const [v4, v6] = [of(4), of(6)];
  const rules = [
    ...(v4.length === 0 ? [] : [`ip daddr { ${v4.join(', ')} } drop`]),
    ...(v6.length === 0
      ? []
      : [
          'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept',
          `ip6 daddr { ${v6.join(', ')} } drop`,
        ]),
  ];
  const chain = ['chain input {', 'type filter hook input priority 0', ...rules, '}'];
  return [
    `table inet ${TABLE}`, // so that there is one to delete
    `delete table inet ${TABLE}`,
    ...(rules.length === 0 ? [] : [`table inet ${TABLE} {`, ...chain, '}']),
    '',
  ].join('\n');
}
