/** What the firewall does at each server and location: switched off, to detect or to block from here, without a reload by hand. */
import { Card, type Deed, State, Table } from '../parts.tsx';
import type { WafModes } from '../shapes.ts';
import { mayDo, useAsked, useShared } from '../state.tsx';

const EVERY_MS = 5000;
const MODES = ['off', 'detect', 'block', 'as configured'];

type Row = WafModes['items'][number];

export function Modes({ ask }: { ask: (deed: Deed) => void }) {
  const { api, say, who } = useShared();
  const { value, etag = '', fault, again } = useAsked<WafModes>('/waf/modes', EVERY_MS);
  const mayChange = mayDo(who, 'operator');
  const change = (where: Partial<Row>, title: string, first: string) =>
    ask({
      ...{ title, text: say('modeText'), button: say('save') },
      inputs: [
        { key: 'mode', label: say('mode'), first, type: 'select', options: MODES },
        { key: 'minutes', label: say('minutesOrNone'), first: '', type: 'number', isOptional: true },
      ],
      request: `PUT /api/v1/waf/modes ${JSON.stringify({ mode: '…', ...where })}`,
      act: (_, { mode, minutes }) =>
        api
          .change('PUT', '/waf/modes', etag, {
            ...where,
            mode: mode === 'as configured' ? null : mode,
            ...(minutes ? { forS: Math.round(60 * Number(minutes)) } : {}),
          })
          .then(again),
    });
  const columns = [
    {
      title: say('server'),
      cell: (one: Row) => one.server || <span className="faint">{say('noName')}</span>,
    },
    { title: say('location'), cell: (one: Row) => <code>{one.location ?? ''}</code> },
    {
      title: say('mode'),
      cell: (one: Row) => (
        <>
          <State of={one.mode} />{' '}
          {one.mode !== one.configured && <small className="faint">{say('commanded')}</small>}
        </>
      ),
    },
    { title: say('configured'), cell: (one: Row) => <State of={one.configured} /> },
    ...(mayChange
      ? [
          {
            title: say('actions'),
            cell: (one: Row) => (
              <button
                type="button"
                aria-label={`${say('mode')} ${one.server} ${one.location ?? ''}`}
                onClick={() => {
                  const { server, location } = one;
                  change(
                    { server, ...(location !== undefined && { location }) },
                    `${server} ${location ?? ''}`,
                    one.mode,
                  );
                }}
              >
                {say('mode')}…
              </button>
            ),
          },
        ]
      : []),
  ];
  return (
    <Card
      title={say('modes')}
      more={
        mayChange &&
        value && (
          <button type="button" onClick={() => change({}, say('modeEverywhere'), 'detect')}>
            {say('modeEverywhere')}…
          </button>
        )
      }
    >
      {fault !== undefined && <p className="note bad">{fault}</p>}
      {value && value.commanded.length > 0 && (
        <p className="note warn">{say('modesCommanded', { n: value.commanded.length })}</p>
      )}
      {value && (
        <Table
          label={say('modes')}
          rows={value.items}
          columns={columns}
          keyOf={one => `${one.server} ${one.location ?? ''}`}
        />
      )}
    </Card>
  );
}
