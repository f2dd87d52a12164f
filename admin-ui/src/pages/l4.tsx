/** Virtual servers of the L4 tier, with their real servers: drained, taken back and weighed from here. */
import { useState } from 'react';
import { Ask, Card, type Column, type Deed, numberText, State, Table } from '../parts.tsx';
import type { LiveReal, LiveService } from '../shapes.ts';
import { mayDo, type Shared, useShared } from '../state.tsx';

type Row = LiveReal & { readonly name: string };

export function L4Page() {
  const { live, say } = useShared();
  const [deed, ask] = useState<Deed>();
  const services = Object.entries(live?.l4?.services ?? {});
  if (services.length === 0) return <p className="faint">{say('noL4')}</p>;
  return (
    <>
      {services.map(([name, service]) => (
        <Service key={name} name={name} service={service} ask={ask} />
      ))}
      {deed && <Ask deed={deed} close={() => ask(undefined)} />}
    </>
  );
}

function Service({ name, service, ask }: { name: string; service: LiveService; ask: (deed: Deed) => void }) {
  const shared = useShared();
  const { say, language, who } = shared;
  const rows: Row[] = Object.entries(service.reals).map(([key, real]) => ({ ...real, name: key }));
  const number = (title: string, count: (row: Row) => number): Column<Row> => ({
    ...{ title, isNumber: true },
    cell: row => numberText(count(row), language),
  });
  const columns: Column<Row>[] = [
    { title: say('real'), cell: row => <code>{row.name}</code> },
    {
      title: say('state'),
      cell: row => (
        <>
          <State of={row.state} /> {row.commanded && <small className="faint">{say('commanded')}</small>}
        </>
      ),
    },
    { title: say('mode'), cell: row => row.mode },
    number(say('weight'), row => row.weight),
    number(say('active'), row => row.active),
    number(say('inactive'), row => row.inactive),
    number(say('total'), row => row.connections),
    ...(mayDo(who, 'operator')
      ? [
          {
            title: say('actions'),
            cell: (row: Row) => <Deeds {...{ shared, service: name, rows, row, ask }} />,
          },
        ]
      : []),
  ];
  const more = (
    <span className="faint">
      {service.scheduler} ·{' '}
      <span className={service.quorum ? 'good' : 'bad'}>
        {say(service.quorum ? 'quorumMet' : 'quorumMissed')}
      </span>
    </span>
  );
  return (
    <Card title={name} more={more}>
      <Table label={name} rows={rows} columns={columns} keyOf={row => row.name} />
    </Card>
  );
}

interface DeedsOf {
  readonly shared: Shared;
  readonly service: string;
  readonly rows: readonly Row[];
  readonly row: Row;
  readonly ask: (deed: Deed) => void;
}

function Deeds({ shared: { api, say }, service, rows, row, ask }: DeedsOf) {
  const path = `/l4/services/${encodeURIComponent(service)}/reals/${encodeURIComponent(row.name)}`;
  const deed = (rest: Omit<Deed, 'request' | 'act'>, body: (input: string) => object) => async () => {
    const { etag } = await api.get(path);
    const request = `PATCH /api/v1${path} ${JSON.stringify(body(rest.input?.first ?? ''))}`;
    ask({ ...rest, request, act: input => api.change('PATCH', path, etag, body(input)) });
  };
  const { name } = row;
  const isLast = !rows.some(other => other !== row && other.state === 'alive');
  const drain = deed(
    {
      ...{
        title: say('drainTitle', { name }),
        text: say('drainText', { n: row.active }),
        button: say('drain'),
      },
      warning: isLast ? say('drainLast', { service }) : undefined,
    },
    () => ({ state: 'drain' }),
  );
  const ready = deed(
    { title: say('readyTitle', { name }), text: say('readyText'), button: say('ready') },
    () => ({ state: 'ready' }),
  );
  const weigh = deed(
    {
      ...{ title: say('weightTitle', { name }), text: say('weightText'), button: say('save') },
      input: { label: say('weight'), first: String(row.weight), type: 'number' },
    },
    input => ({ weight: Number(input) }),
  );
  const isOut = row.state === 'draining' || row.state === 'drained';
  return (
    <span className="row-buttons">
      <button
        type="button"
        aria-label={`${say(isOut ? 'ready' : 'drain')} ${name}`}
        onClick={() => void (isOut ? ready() : drain())}
      >
        {say(isOut ? 'ready' : 'drain')}
      </button>
      <button type="button" aria-label={`${say('setWeight')} ${name}`} onClick={() => void weigh()}>
        {say('setWeight')}
      </button>
    </span>
  );
}
