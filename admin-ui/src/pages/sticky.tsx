/** Sticky sessions: how many each member has, where moat remembers them. */
import { Card, durationText, numberText, Table } from '../parts.tsx';
import type { PoolSessions } from '../shapes.ts';
import { useAsked, useShared } from '../state.tsx';

const EVERY_MS = 5000;

export function StickyPage() {
  const { say } = useShared();
  const { value, fault } = useAsked<{ items: readonly PoolSessions[] }>('/l7/sessions', EVERY_MS);
  if (!value) return <p className={fault === undefined ? 'faint' : 'note bad'}>{fault ?? say('loading')}</p>;
  if (value.items.length === 0) return <p className="faint">{say('noSticky')}</p>;
  return value.items.map(one => <Sessions key={one.pool} of={one} />);
}

function Sessions({ of: { pool, kind, table } }: { of: PoolSessions }) {
  const { say, language } = useShared();
  const more = <span className="faint">{kind}</span>;
  if (!table)
    return (
      <Card title={pool} more={more}>
        <p className="faint">{say(kind === 'route' ? 'stickyRoute' : 'stickyCookie')}</p>
      </Card>
    );
  const { sessions, capacity, evictions, timeoutMs, sync, isCut, members, elsewhere } = table;
  const rows = [...members, ...(elsewhere > 0 ? [{ name: say('stickyGone'), sessions: elsewhere }] : [])];
  const count = (value: number) => numberText(value, language);
  const columns = [
    { title: say('member'), cell: (row: (typeof rows)[number]) => <code>{row.name}</code> },
    { title: say('sessions'), isNumber: true, cell: (row: (typeof rows)[number]) => count(row.sessions) },
    {
      title: say('share'),
      cell: (row: (typeof rows)[number]) => (
        <span className="life">
          <meter min={0} max={Math.max(1, sessions)} value={row.sessions} aria-label={row.name} />
          {sessions > 0 && `${Math.round((100 * row.sessions) / sessions)} %`}
        </span>
      ),
    },
  ];
  const facts = [
    say('stickyFull', { n: `${count(sessions)}${isCut ? '+' : ''}`, all: count(capacity) }),
    say('stickyKept', { time: durationText(timeoutMs) }),
    ...(sync ? [say('stickySync')] : []),
    ...(evictions > 0 ? [say('stickyEvicted', { n: count(evictions) })] : []),
  ];
  return (
    <Card title={pool} more={more}>
      <p className="faint">{facts.join(' · ')}</p>
      <Table label={pool} rows={rows} columns={columns} keyOf={row => row.name} />
    </Card>
  );
}
