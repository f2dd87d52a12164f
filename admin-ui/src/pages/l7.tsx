/** Pools of the L7 tier, with their members: drained, taken down, weighed, added and removed from here. */
import { useState } from 'react';
import { Ask, Card, type Column, type Deed, numberText, State, Table } from '../parts.tsx';
import type { LiveMember, LivePool, LiveSource } from '../shapes.ts';
import { mayDo, type Shared, useShared } from '../state.tsx';

type Row = LiveMember & { readonly name: string };

export function L7Page() {
  const { live, say } = useShared();
  const [wanted, find] = useState('');
  const [deed, ask] = useState<Deed>();
  const pools = Object.entries(live?.l7?.pools ?? {});
  if (pools.length === 0) return <p className="faint">{say('noPools')}</p>;
  return (
    <>
      <label className="find">
        {say('find')}
        <input type="search" value={wanted} onChange={event => find(event.target.value)} />
      </label>
      {pools.map(([name, pool]) => (
        <Pool key={name} name={name} pool={pool} wanted={wanted} ask={ask} />
      ))}
      {deed && <Ask deed={deed} close={() => ask(undefined)} />}
    </>
  );
}

interface PoolOf {
  readonly name: string;
  readonly pool: LivePool;
  readonly wanted: string;
  readonly ask: (deed: Deed) => void;
}

function Pool({ name, pool, wanted, ask }: PoolOf) {
  const shared = useShared();
  const { say, language, who } = shared;
  const mayChange = mayDo(who, 'operator') && isOfBlock(name);
  const all: Row[] = Object.entries(pool.members).map(([key, member]) => ({ ...member, name: key }));
  const isIn = (text: string) => text.toLowerCase().includes(wanted.toLowerCase());
  const rows = isIn(name) ? all : all.filter(row => isIn(row.name) || isIn(row.address) || isIn(row.state));
  if (rows.length === 0 && !isIn(name)) return null; // one without members is worth a look
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
    {
      title: say('state'),
      cell: row => (
        <>
          <State of={row.state} />{' '}
          {(row.commanded || row.added) && <small className="faint">{say('commanded')}</small>}
        </>
      ),
    },
    number(say('weight'), row => row.weight),
    number(say('inFlight'), row => row.inFlight),
    number(say('requests'), row => row.requests),
    number(say('fails'), row => row.fails),
    ...(mayChange
      ? [
          {
            title: say('actions'),
            cell: (row: Row) => <Deeds {...{ shared, pool: name, rows: all, row, ask }} />,
          },
        ]
      : []),
  ];
  const more = (
    <span className="faint">
      {say('upOf', { up, all: all.length })}
      {pool.queued > 0 && ` · ${say('queued', { n: pool.queued })}`}{' '}
      {mayChange && <AddButton {...{ shared, pool: name, ask }} />}
    </span>
  );
  return (
    <Card title={name} more={more}>
      <Table label={name} rows={rows} columns={columns} keyOf={row => row.name} />
      {pool.sources?.map(one => (
        <Source key={one.source} say={say} {...one} />
      ))}
      {mayChange &&
        pool.removed?.map(one => <Removed key={one} {...{ shared, pool: name, member: one, ask }} />)}
    </Card>
  );
}

const Source = ({ say, source, state, members, error }: LiveSource & Pick<Shared, 'say'>) => (
  <p>
    <code>{source}</code> <State of={state} /> <small className="faint">{say('named', { n: members })}</small>
    {error !== undefined && <small>{` ${error}`}</small>}
  </p>
);

/** A pool that stands for the address of a proxy_pass is called `ADDRESS PORT`; nobody drains what has no other. */
const isOfBlock = (pool: string): boolean => !pool.includes(' ');

const pathOf = (pool: string) => `/l7/pools/${encodeURIComponent(pool)}`;

interface PoolDeed {
  readonly shared: Shared;
  readonly pool: string;
  readonly ask: (deed: Deed) => void;
}

function AddButton({ shared: { api, say }, pool, ask }: PoolDeed) {
  const path = `${pathOf(pool)}/members`;
  const add = async () => {
    const { etag } = await api.get(pathOf(pool));
    ask({
      ...{ title: say('addTitle', { pool }), text: say('addText'), button: say('add') },
      input: { label: say('address'), first: '', type: 'text' },
      request: `POST /api/v1${path} {"address":"…"}`,
      act: address => api.change('POST', path, etag, { address }),
    });
  };
  return (
    <button type="button" aria-label={`${say('addMember')} ${pool}`} onClick={() => void add()}>
      {say('addMember')}
    </button>
  );
}

function Removed({ shared: { api, say }, pool, member, ask }: PoolDeed & { readonly member: string }) {
  const path = `${pathOf(pool)}/members`;
  const bring = async () => {
    const { etag } = await api.get(pathOf(pool));
    ask({
      ...{ title: say('bringTitle', { name: member }), text: say('readyText'), button: say('bring') },
      request: `POST /api/v1${path} ${JSON.stringify({ address: member })}`,
      act: () => api.change('POST', path, etag, { address: member }),
    });
  };
  return (
    <p className="pair">
      <span>
        <code>{member}</code> <State of="removed" /> <small className="faint">{say('commanded')}</small>
      </span>
      <button type="button" aria-label={`${say('bring')} ${member}`} onClick={() => void bring()}>
        {say('bring')}
      </button>
    </p>
  );
}

function Deeds({ shared, pool, rows, row, ask }: PoolDeed & { rows: readonly Row[]; row: Row }) {
  const { api, say } = shared;
  const { name } = row;
  const path = `${pathOf(pool)}/members/${encodeURIComponent(name)}`;
  const deed =
    (method: string, rest: Omit<Deed, 'request' | 'act'>, body?: (input: string) => object) => async () => {
      const { etag } = await api.get(path);
      const shown = body ? ` ${JSON.stringify(body(rest.input?.first ?? ''))}` : '';
      const request = `${method} /api/v1${path}${shown}`;
      ask({ ...rest, request, act: input => api.change(method, path, etag, body?.(input)) });
    };
  const others = rows.filter(other => other.name !== name && other.state === 'up');
  const warning = others.length === 0 ? say('poolLast', { pool }) : undefined;
  const patch = (state: 'ready' | 'drain' | 'down', rest: Omit<Deed, 'request' | 'act'>) =>
    deed('PATCH', rest, () => ({ state }));
  const deeds = {
    drain: patch('drain', {
      ...{ title: say('drainTitle', { name }), text: say('drainMember', { n: row.inFlight }) },
      ...{ button: say('drain'), warning },
    }),
    down: patch('down', {
      ...{ title: say('downTitle', { name }), text: say('downMember', { n: row.inFlight }) },
      ...{ button: say('takeDown'), warning },
    }),
    ready: patch('ready', {
      title: say('readyTitle', { name }),
      text: say('readyText'),
      button: say('ready'),
    }),
    weigh: deed(
      'PATCH',
      {
        ...{ title: say('weightTitle', { name }), text: say('memberWeight'), button: say('save') },
        input: { label: say('weight'), first: String(row.weight), type: 'number' },
      },
      input => ({ weight: Number(input) }),
    ),
    remove: deed('DELETE', {
      ...{ title: say('removeTitle', { name }), text: say('removeText', { n: row.inFlight }) },
      ...{ button: say('remove'), warning },
    }),
  };
  const isOut = row.state === 'drain' || row.state === 'down';
  const button = (what: keyof typeof deeds, title: string) => (
    <button type="button" aria-label={`${title} ${name}`} onClick={() => void deeds[what]()}>
      {title}
    </button>
  );
  return (
    <span className="row-buttons">
      {isOut ? button('ready', say('ready')) : button('drain', say('drain'))}
      {row.state !== 'down' && button('down', say('takeDown'))}
      {button('weigh', say('setWeight'))}
      {button('remove', say('remove'))}
    </span>
  );
}
