/** The families of certificates that authorities issue. */
import type { Exposition } from '#kit/exposition.ts';
import type { AcmeKeeper } from '../acme/keeper.ts';

const MOST_SERIES = 1000;
const SECOND_MS = 1000;

export function writeAcme(page: Exposition, { shown, counts }: AcmeKeeper): void {
  const all = shown.slice(0, MOST_SERIES);
  page.gauge(
    'cert_not_after_timestamp_seconds',
    'When the certificate that is shown ends, in seconds since 1970; of a self-signed stand-in 0.',
    all.map(({ id, notAfterMs, isStandIn, isBorrowed }) => [
      { name: id },
      isStandIn && !isBorrowed ? 0 : notAfterMs / SECOND_MS,
    ]),
  );
  page.gauge(
    'cert_next_order_timestamp_seconds',
    'When it is ordered next, in seconds since 1970.',
    all.map(({ id, nextTryMs }) => [{ name: id }, nextTryMs / SECOND_MS]),
  );
  page.gauge(
    'acme_failures',
    'Orders in a row that came to nothing.',
    all.map(({ id, failures }) => [{ name: id }, failures]),
  );
  page.counter('acme_orders_total', 'Orders at authorities, by what came of them.', [
    [{ result: 'issued' }, counts.issued],
    [{ result: 'failed' }, counts.failed],
  ]);
}
