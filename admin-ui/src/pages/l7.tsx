/** Pools of the L7 tier, with their members as they are now. */
import { useState } from 'react';
import { Card, type Column, numberText, State, Table } from '../parts.tsx';
import type { LiveMember, LivePool } from '../shapes.ts';
import { useShared } from '../state.tsx';

type Row = LiveMember & { readonly name: string };

export function L7Page() {
  const { live, say } = useShared();
  const [wanted, find] = useState('');
  const pools = Object.entries(live?.l7?.pools ?? {});
  if (pools.length === 0) return <p className="faint">{say('noPools')}</p>;
  return (
    <>
      <label className="find">
        {say('find')}
        <input type="search" value={wanted} onChange={event => find(event.target.value)} />
      </label>
      {pools.map(([name, pool]) => (
        <Pool key={name} name={name} pool={pool} wanted={wanted} />
      ))}
    </>
  );
}

function Pool({ name, pool, wanted }: { name: string; pool: LivePool; wanted: string }) {
  const { say, language } = useShared();
  const all: Row[] = Object.entries(pool.members).map(([key, member]) => ({ ...member, name: key }));
  const isIn = (text: string) => text.toLowerCase().includes(wanted.toLowerCase());
  const rows = isIn(name) ? all : all.filter(row => isIn(row.name) || isIn(row.address) || isIn(row.state));
  if (rows.length === 0) return null;
  const up = all.filter(({ state }) => state === 'up').length;
  const number = (title: string, count: (row: Row) => number): Column<Row> => ({
    ...{ title, isNumber: true },
    cell: row => numberText(count(row), language),
  });
  const columns: Column<Row>[] = [
    {
      title: say('member'),
      cell: row => (
        <>
          {row.name} {row.backup && <small className="faint">{say('backup')}</small>}
        </>
      ),
    },
    { title: say('address'), cell: row => <code>{row.address}</code> },
    { title: say('state'), cell: row => <State of={row.state} /> },
    number(say('weight'), row => row.weight),
    number(say('inFlight'), row => row.inFlight),
    number(say('requests'), row => row.requests),
    number(say('fails'), row => row.fails),
  ];
  const more = (
    <span className="faint">
      {say('upOf', { up, all: all.length })}
      {pool.queued > 0 && ` · ${say('queued', { n: pool.queued })}`}
    </span>
  );
  return (
    <Card title={name} more={more}>
      <Table label={name} rows={rows} columns={columns} keyOf={row => row.name} />
    </Card>
  );
}
