/** Accept_Mode false: packets to virtual addresses are dropped, but for neighbour discovery (RFC 9568 §6.1, §6.4.3). */
import { spawnSync } from 'node:child_process';
import type { ClusterModel } from '#model/cluster/cluster.ts';
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
  confine({ instances }: Pick<ClusterModel, 'instances'>): void {
    const confined = instances.filter(({ accept, priority }) => !accept && priority !== OWNER_PRIORITY);
    if (confined.length === 0 && !this.#isInstalled) return;
    const of = (family: 4 | 6) =>
      confined
        .filter(one => one.family === family)
        .flatMap(one => one.addresses.map(({ address }) => address));
    const input = rulesOf(of(4), of(6));
    const { status, stderr, error } = spawnSync('nft', ['-f', '-'], { input, encoding: 'utf8', env: ENV });
    const reason = error?.message ?? stderr.trim();
    if (status !== 0) throw new Error(`Cannot drop packets to virtual addresses by nft: ${reason}`);
    this.#isInstalled = confined.length > 0;
  }
}

function rulesOf(v4: readonly string[], v6: readonly string[]): string {
  const lines = [
    ...(v4.length === 0 ? [] : [`ip daddr { ${v4.join(', ')} } drop`]),
    ...(v6.length === 0
      ? []
      : [
          'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept',
          `ip6 daddr { ${v6.join(', ')} } drop`,
        ]),
  ];
  const chain =
    lines.length === 0 ? '' : `chain input { type filter hook input priority 0; ${lines.join('; ')}; }`;
  return `table inet ${TABLE}\ndelete table inet ${TABLE}\n${chain && `table inet ${TABLE} { ${chain} }\n`}`;
}
