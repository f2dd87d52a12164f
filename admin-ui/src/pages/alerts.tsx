/** What is raised, what was, by which rules, and what nobody wants to hear of for a while. */
import { useState } from 'react';
import { Ask, Card, type Deed, durationText, State, Table } from '../parts.tsx';
import type { Alert, AlertRule, Alerts, LogLevelShown, Silence } from '../shapes.ts';
import { mayDo, useAsked, useShared } from '../state.tsx';

const EVERY_MS = 3000;
const HOUR_S = 3600;

/** Bounds may be small: 0.05 is not 0.1. */
const figureText = (value: number, language: string): string =>
  new Intl.NumberFormat(language === 'zh' ? 'zh-CN' : 'en', { maximumSignificantDigits: 3 }).format(value);

export function AlertsPage() {
  const [deed, ask] = useState<Deed>();
  const silences = useAsked<{ items: readonly Silence[] }>('/alerts/silences', EVERY_MS);
  return (
    <>
      <Raised
        {...{ etag: silences.etag ?? '', silences: silences.value?.items ?? [], ask, again: silences.again }}
      />
      <Silences {...{ items: silences.value?.items ?? [], ask, again: silences.again }} />
      <Rules />
      <LogLevel ask={ask} />
      {deed && <Ask deed={deed} close={() => ask(undefined)} />}
    </>
  );
}

/** Whether nobody hears of it for a while: also where it was raised before. */
const isOf = ({ rule, metric }: Silence, one: Alert): boolean =>
  (rule ?? one.rule) === one.rule && (metric ?? one.metric) === one.metric;

interface RaisedOf {
  /** The tag of the list of silences; '' before it has been read. */
  readonly etag: string;
  readonly silences: readonly Silence[];
  readonly ask: (deed: Deed) => void;
  readonly again: () => void;
}

function Raised({ etag, silences, ask, again }: RaisedOf) {
  const { api, say, who, language } = useShared();
  const { value, fault } = useAsked<Alerts>('/alerts', EVERY_MS);
  const silence = ({ rule, metric }: Alert) =>
    ask({
      ...{ title: say('silenceTitle', { name: rule }), text: say('silenceText'), button: say('silence') },
      input: { label: say('minutes'), first: '60', type: 'number' },
      request: `POST /api/v1/alerts/silences ${JSON.stringify({ rule, metric, lengthS: HOUR_S })}`,
      act: minutes =>
        api
          .change('POST', '/alerts/silences', etag, {
            rule,
            metric,
            lengthS: Math.round(60 * Number(minutes)),
          })
          .then(again),
    });
  const columns = (isPast: boolean) => [
    { title: say('severity'), cell: (one: Alert) => <State of={one.severity} /> },
    { title: say('rule'), cell: (one: Alert) => one.rule },
    { title: say('metric'), cell: (one: Alert) => <code className="cut">{one.metric}</code> },
    {
      title: say('value'),
      isNumber: true,
      cell: (one: Alert) =>
        `${figureText(one.value, language)} ${one.side === 'above' ? '>' : '<'} ${figureText(one.bound, language)}`,
    },
    { title: say('time'), cell: (one: Alert) => new Date(one.raisedMs).toLocaleString(say('lang')) },
    isPast
      ? {
          title: say('lasted'),
          cell: (one: Alert) => durationText((one.resolvedMs ?? one.raisedMs) - one.raisedMs),
        }
      : {
          title: say('actions'),
          cell: (one: Alert) =>
            one.silenced || silences.some(silence => isOf(silence, one)) ? (
              <State of="silenced" />
            ) : (
              mayDo(who, 'operator') && (
                <button
                  type="button"
                  aria-label={`${say('silence')} ${one.rule}`}
                  disabled={etag === ''}
                  onClick={() => silence(one)}
                >
                  {say('silence')}…
                </button>
              )
            ),
        },
  ];
  return (
    <>
      {fault !== undefined && <p className="note bad">{fault}</p>}
      <Card title={say('raised')}>
        {value?.raised.length === 0 && <p className="good">{say('noAlerts')}</p>}
        {value && value.raised.length > 0 && (
          <Table label={say('raised')} rows={value.raised} columns={columns(false)} keyOf={one => one.id} />
        )}
      </Card>
      {value && value.past.length > 0 && (
        <Card title={say('past')}>
          <Table label={say('past')} rows={value.past} columns={columns(true)} keyOf={one => one.id} />
        </Card>
      )}
    </>
  );
}

interface SilencesOf {
  readonly items: readonly Silence[];
  readonly ask: (deed: Deed) => void;
  readonly again: () => void;
}

function Silences({ items, ask, again }: SilencesOf) {
  const { api, say, who } = useShared();
  if (items.length === 0) return null;
  const end = (one: Silence) =>
    ask({
      ...{ title: say('silenceEndTitle'), text: say('silenceEndText'), button: say('silenceEnd') },
      request: `DELETE /api/v1/alerts/silences/${one.id}`,
      act: () => api.change('DELETE', `/alerts/silences/${one.id}`, '*').then(again),
    });
  const columns = [
    { title: say('rule'), cell: (one: Silence) => one.rule ?? say('all') },
    { title: say('metric'), cell: (one: Silence) => <code className="cut">{one.metric ?? say('all')}</code> },
    { title: say('until'), cell: (one: Silence) => new Date(one.untilMs).toLocaleString(say('lang')) },
    { title: say('author'), cell: (one: Silence) => one.who },
    ...(mayDo(who, 'operator')
      ? [
          {
            title: say('actions'),
            cell: (one: Silence) => (
              <button
                type="button"
                aria-label={`${say('silenceEnd')} ${one.rule ?? one.id}`}
                onClick={() => end(one)}
              >
                {say('silenceEnd')}
              </button>
            ),
          },
        ]
      : []),
  ];
  return (
    <Card title={say('silences')}>
      <Table label={say('silences')} rows={items} columns={columns} keyOf={one => one.id} />
    </Card>
  );
}

function Rules() {
  const { say, language } = useShared();
  const { value } = useAsked<{ items: readonly AlertRule[] }>('/alerts/rules');
  const columns = [
    { title: say('rule'), cell: (one: AlertRule) => one.name },
    { title: say('severity'), cell: (one: AlertRule) => <State of={one.severity} /> },
    { title: say('metric'), cell: (one: AlertRule) => <code className="cut">{one.metric}</code> },
    {
      title: say('bound'),
      isNumber: true,
      cell: (one: AlertRule) => `${one.side === 'above' ? '>' : '<'} ${figureText(one.bound, language)}`,
    },
    { title: say('clears'), isNumber: true, cell: (one: AlertRule) => figureText(one.clear, language) },
    { title: say('lasting'), cell: (one: AlertRule) => durationText(one.forMs) },
  ];
  return (
    <Card title={say('rules')}>
      {value && <Table label={say('rules')} rows={value.items} columns={columns} keyOf={one => one.name} />}
    </Card>
  );
}

const LEVELS = ['debug', 'info', 'notice', 'warn', 'error', 'crit', 'alert', 'emerg', 'as configured'];

/** What the error logs write, for who looks for the cause of an alert. */
function LogLevel({ ask }: { ask: (deed: Deed) => void }) {
  const { api, say, who } = useShared();
  const { value, etag = '', again } = useAsked<LogLevelShown>('/log-level', EVERY_MS);
  if (!value) return null;
  const change = () =>
    ask({
      ...{ title: say('logLevel'), text: say('logLevelText'), button: say('save') },
      inputs: [
        { key: 'level', label: say('logLevel'), first: value.level, type: 'select', options: LEVELS },
        { key: 'minutes', label: say('minutesOrNone'), first: '10', type: 'number', isOptional: true },
      ],
      request: 'PUT /api/v1/log-level {"level":"…","forS":…}',
      act: (_, { level, minutes }) =>
        api
          .change('PUT', '/log-level', etag, {
            level: level === 'as configured' ? null : level,
            ...(minutes && level !== 'as configured' ? { forS: Math.round(60 * Number(minutes)) } : {}),
          })
          .then(again),
    });
  return (
    <Card
      title={say('logLevel')}
      more={
        mayDo(who, 'operator') && (
          <button type="button" onClick={change}>
            {say('change')}…
          </button>
        )
      }
    >
      <p>
        <code>{value.level}</code>{' '}
        {value.commanded && (
          <span className="warn">
            {say('commanded')}
            {value.untilMs !== undefined &&
              ` · ${say('until')} ${new Date(value.untilMs).toLocaleString(say('lang'))}`}
          </span>
        )}{' '}
        <span className="faint">
          {say('configured')}: {value.configured}
        </span>
      </p>
    </Card>
  );
}
