/** What the WAF found, with what of each request matched; and who is banned. All of it came from strangers, and is shown as text. */
import { useState } from 'react';
import { Ask, Card, type Deed, Sheet, State, Table } from '../parts.tsx';
import type { Ban, Page, WafEvent } from '../shapes.ts';
import { mayDo, useAsked, useShared } from '../state.tsx';
import { Modes } from './waf-modes.tsx';

const EVERY_MS = 3000;

export function WafPage() {
  const [deed, ask] = useState<Deed>();
  return (
    <>
      <Events />
      <Modes ask={ask} />
      <Bans />
      {deed && <Ask deed={deed} close={() => ask(undefined)} />}
    </>
  );
}

function Events() {
  const { say } = useShared();
  const [open, setOpen] = useState<WafEvent>();
  const { value, fault } = useAsked<Page<WafEvent>>('/waf/events?limit=100', EVERY_MS);
  const items = value?.items ?? [];
  const columns = [
    { title: say('time'), cell: (one: WafEvent) => new Date(one.timeMs).toLocaleTimeString(say('lang')) },
    { title: say('action'), cell: (one: WafEvent) => <State of={one.action} /> },
    { title: say('client'), cell: (one: WafEvent) => <code>{one.clientAddress}</code> },
    {
      title: say('request'),
      cell: (one: WafEvent) => (
        <code className="cut">
          {one.request.method} {one.host}
          {one.path}
        </code>
      ),
    },
    { title: say('score'), cell: (one: WafEvent) => one.score, isNumber: true },
    { title: say('rules'), cell: (one: WafEvent) => one.rules.map(({ id }) => id).join(', ') },
    {
      title: say('details'),
      cell: (one: WafEvent) => (
        <button type="button" aria-label={`${say('details')} ${one.id}`} onClick={() => setOpen(one)}>
          {say('details')}
        </button>
      ),
    },
  ];
  return (
    <Card title={say('events')}>
      {fault !== undefined && <p className="note bad">{fault}</p>}
      {value && items.length === 0 && <p className="faint">{say('noEvents')}</p>}
      {items.length > 0 && (
        <Table label={say('events')} rows={items} columns={columns} keyOf={one => one.id} />
      )}
      {open && <Details event={open} close={() => setOpen(undefined)} />}
    </Card>
  );
}

function Details({ event, close }: { event: WafEvent; close: () => void }) {
  const { say } = useShared();
  const { method, target, protocol, headers, body } = event.request;
  const fields = headers.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${headers[at + 1] ?? ''}`] : []));
  const title = say('eventTitle', { id: event.id });
  return (
    <Sheet title={title} close={close}>
      <p>
        <State of={event.action} /> {event.status} · {event.clientAddress} · {say('score')} {event.score}
      </p>
      <pre>{`${method} ${target} ${protocol}\n${fields.join('\n')}\n\n${body}`}</pre>
      <h3>{say('matched')}</h3>
      <ul className="plain">
        {event.rules.map(rule => (
          <li key={rule.id}>
            <strong>{rule.id}</strong> {rule.message} <small className="faint">{rule.severity}</small>
            {rule.matches.map(match => (
              <div key={`${match.variable} ${match.value}`}>
                <code>
                  {match.variable}: <Marked text={match.value} part={match.part} />
                </code>
              </div>
            ))}
          </li>
        ))}
      </ul>
    </Sheet>
  );
}

function Marked({ text, part }: { text: string; part: string | undefined }) {
  const at = part ? text.indexOf(part) : -1;
  if (!part || at === -1) return <>{text}</>;
  return (
    <>
      {text.slice(0, at)}
      <mark>{part}</mark>
      {text.slice(at + part.length)}
    </>
  );
}

function Bans() {
  const { api, say, who } = useShared();
  const [deed, ask] = useState<Deed>();
  const { value, etag = '', fault, again } = useAsked<Page<Ban>>('/waf/bans?limit=1000', EVERY_MS);
  const items = value?.items ?? [];
  const isOperator = mayDo(who, 'operator');
  const ban = () =>
    ask({
      ...{ title: say('banTitle'), text: say('banText'), button: say('confirmGo') },
      request: 'POST /api/v1/waf/bans {"key":"…"}',
      input: { label: say('address'), first: '', type: 'text' },
      act: key => api.change('POST', '/waf/bans', etag, { key }).then(again),
    });
  const unban = async ({ zone, key }: Ban) => {
    const path = `/waf/bans/${encodeURIComponent(zone)}/${encodeURIComponent(key)}`;
    const seen = await api.get(path);
    ask({
      ...{ title: say('unbanTitle', { name: key }), text: say('unbanText'), button: say('unban') },
      request: `DELETE /api/v1${path}`,
      act: () => api.change('DELETE', path, seen.etag).then(again),
    });
  };
  const columns = [
    { title: say('address'), cell: (one: Ban) => <code>{one.key}</code> },
    { title: say('zone'), cell: (one: Ban) => one.zone },
    {
      title: say('until'),
      cell: (one: Ban) =>
        one.untilMs === null ? say('forever') : new Date(one.untilMs).toLocaleString(say('lang')),
    },
    ...(isOperator
      ? [
          {
            title: say('actions'),
            cell: (one: Ban) => (
              <button type="button" aria-label={`${say('unban')} ${one.key}`} onClick={() => void unban(one)}>
                {say('unban')}
              </button>
            ),
          },
        ]
      : []),
  ];
  const more = isOperator && (
    <button type="button" onClick={ban}>
      {say('banKey')}
    </button>
  );
  return (
    <Card title={say('bans')} more={more}>
      {fault !== undefined && <p className="note bad">{fault}</p>}
      {value && items.length === 0 && <p className="faint">{say('noBans')}</p>}
      {items.length > 0 && (
        <Table label={say('bans')} rows={items} columns={columns} keyOf={one => `${one.zone} ${one.key}`} />
      )}
      {deed && <Ask deed={deed} close={() => ask(undefined)} />}
    </Card>
  );
}
