/** `allow` and `deny`. */
import { IpTable } from '#kit/ip-table.ts';
import type { AddressRule } from '#model/l7/access.ts';
import { oncePer } from '../once-per.ts';
import { ALLOWED, accessPhase, type CheckMaker } from './access.ts';
import { NEXT } from './verdict.ts';

const tableOf = oncePer((rules: readonly AddressRule[]) =>
  IpTable.ofRules(rules.map(({ network, allow }) => ({ network, value: allow }))),
);

const check: CheckMaker = ({ location }) => {
  const { access, core } = location.settings;
  if (access.addressRules.length === 0) return undefined;
  const rules = tableOf(access.addressRules);
  return exchange => {
    const allowed = rules.find(exchange.remoteAddress);
    if (allowed === undefined) return NEXT;
    if (allowed) return ALLOWED;
    if (core.satisfy === 'all') exchange.log('error', 'access forbidden by rule');
    return 403;
  };
};

export const addressPhase = accessPhase('accessPhase', check);
