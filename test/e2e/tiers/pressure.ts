/** Both tiers with a connection table that takes as many as come, for tests that fill it. */
import { OTHER_VIP, POOL, PROXIES, type Tiers, tiersAtWork, VIP } from './tiers.ts';

/** One virtual address by dr and a ring, which needs no entry, and one by fullnat, which does. */
const configuration = ({ pins }: Tiers, more: string) => {
  const reals = PROXIES[4].map(address => `real_server ${address};`).join(' ');
  return `l4 { pin_path ${pins}/moat; hash_secret 0123456789abcdef; attach eth0 tc; insert_limit 0; ${more} source_pool ${POOL[4]};
    virtual_server ${VIP[4]}:80 tcp { scheduler mh port; ${reals} }
    virtual_server ${OTHER_VIP[4]}:80 tcp { mode fullnat; scheduler rr; ${reals} } }`;
};

/** Both tiers at work on such a table. @param more lines of the l4 block */
export const atWork = (more: string): Promise<Tiers> => tiersAtWork(tiers => configuration(tiers, more));
