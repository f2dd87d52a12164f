/** What stands between an l4 block and its forwarding: the programs for the kernel, which are not there yet. */
import type { Model } from '#model/main.ts';

/** @throws {Error} when the configuration has an l4 block: nothing would forward what it says */
export function refuseL4({ l4 }: Model): void {
  if (!l4) return;
  const [first] = l4.virtualServers;
  const where = first ? ` (${first.site.file}:${first.site.line})` : '';
  throw new Error(
    `l4: this moat has no programs for the kernel yet, so nothing would forward its ${l4.virtualServers.length} virtual servers${where}; "moat check" reads the block, running it needs a later version`,
  );
}
