/** Certificates that clients are shown, the first to expire first: how much of its life each has left. */
import { useState } from 'react';
import { Ask, Card, type Deed, State, Table } from '../parts.tsx';
import type { Certificate } from '../shapes.ts';
import { mayDo, useAsked, useShared } from '../state.tsx';

const EVERY_MS = 5000;
const DAY_MS = 86_400_000;

export function CertificatesPage() {
  const { say, who } = useShared();
  const [deed, ask] = useState<Deed>();
  const { value, fault, again } = useAsked<{ items: readonly Certificate[] }>('/certificates', EVERY_MS);
  const columns = [
    {
      title: say('names'),
      cell: (one: Certificate) => <span className="cut short">{one.names.join(', ')}</span>,
    },
    {
      title: say('state'),
      cell: (one: Certificate) => <State of={one.acme?.isStandIn ? 'stand-in' : one.state} />,
    },
    { title: say('acmeOrder'), cell: (one: Certificate) => <Order certificate={one} /> },
    { title: say('lifeLeft'), cell: (one: Certificate) => <Life certificate={one} /> },
    {
      title: say('until'),
      cell: (one: Certificate) => (
        <time title={new Date(one.notAfterMs).toLocaleString(say('lang'))}>
          {new Date(one.notAfterMs).toLocaleDateString(say('lang'))}
        </time>
      ),
    },
    {
      title: say('issuer'),
      cell: (one: Certificate) => (
        <span className="cut short" title={`${one.issuer}, ${one.key}`}>
          {one.issuer.replace(/^CN=/, '')}
        </span>
      ),
    },
    {
      title: say('usedBy'),
      cell: (one: Certificate) => <span className="cut short">{one.usedBy.join(', ')}</span>,
    },
    ...(mayDo(who, 'operator') && value?.items.some(({ acme }) => acme)
      ? [
          {
            title: say('actions'),
            cell: (one: Certificate) => <Deeds certificate={one} ask={ask} again={again} />,
          },
        ]
      : []),
  ];
  return (
    <Card title={say('certificates')}>
      {fault !== undefined && <p className="note bad">{fault}</p>}
      {!value && fault === undefined && <p className="faint">{say('loading')}</p>}
      {value?.items.length === 0 && <p className="faint">{say('noCertificates')}</p>}
      {value && <Faults of={value.items} />}
      {value && value.items.length > 0 && (
        <Table
          label={say('certificates')}
          rows={value.items}
          columns={columns}
          keyOf={one => `${one.serial} ${one.usedBy.join()}`}
        />
      )}
      {deed && <Ask deed={deed} close={() => ask(undefined)} />}
    </Card>
  );
}

const REASONS = [
  ...['unspecified', 'key-compromise', 'superseded', 'affiliation-changed', 'cessation-of-operation'],
];

interface DeedsProps {
  readonly certificate: Certificate;
  readonly ask: (deed: Deed) => void;
  readonly again: () => void;
}

/** Of one that an authority issues: it is ordered now, or taken back. */
function Deeds({ certificate: { acme, names }, ask, again }: DeedsProps) {
  const { api, say, who } = useShared();
  if (!acme) return null;
  const name = names[0] ?? acme.id;
  const path = `/certificates/${encodeURIComponent(acme.id)}`;
  const renew = async () => {
    const { etag } = await api.get(path);
    ask({
      ...{ title: say('renewTitle', { name }), text: say('renewText'), button: say('renewNow') },
      request: `POST /api/v1${path}/renew`,
      act: () => api.change('POST', `${path}/renew`, etag).then(again),
    });
  };
  const revoke = async () => {
    const { etag } = await api.get(path);
    ask({
      ...{ title: say('takeBackTitle', { name }), text: say('takeBackText'), button: say('takeBack') },
      request: `POST /api/v1${path}/revoke {"reason":"…"}`,
      inputs: [{ key: 'reason', label: say('reason'), first: REASONS[0]!, type: 'select', options: REASONS }],
      act: (_, { reason }) => api.change('POST', `${path}/revoke`, etag, { reason }).then(again),
    });
  };
  return (
    <span className="row-buttons">
      <button
        type="button"
        aria-label={`${say('renewNow')} ${name}`}
        disabled={acme.state === 'ordering'}
        onClick={() => void renew()}
      >
        {say('renewNow')}…
      </button>
      {mayDo(who, 'admin') && !acme.isStandIn && (
        <button
          type="button"
          aria-label={`${say('takeBack')} ${name}`}
          disabled={acme.state === 'ordering'}
          onClick={() => void revoke()}
        >
          {say('takeBack')}…
        </button>
      )}
    </span>
  );
}

/** Who orders it, and when that is next. */
function Order({ certificate: { acme } }: { certificate: Certificate }) {
  const { say } = useShared();
  if (!acme) return <span className="faint">{say('acmeByHand')}</span>;
  const { issuer, state, nextTryMs, byAuthority } = acme;
  const next = new Date(nextTryMs);
  const when = next.toLocaleString(say('lang'));
  const isToday = Math.abs(nextTryMs - Date.now()) < DAY_MS;
  const soon = isToday
    ? next.toLocaleTimeString(say('lang'), { hour: '2-digit', minute: '2-digit' })
    : next.toLocaleDateString(say('lang'));
  return (
    <>
      {state !== 'valid' && <State of={state} />} {issuer}{' '}
      <span className="faint" title={when}>
        {say(byAuthority ? 'acmeNextByAuthority' : 'acmeNext', { when: soon })}
      </span>
    </>
  );
}

const MOST_FAULTS = 20;

/** Orders and revocations that came to nothing, and why. */
function Faults({ of }: { of: readonly Certificate[] }) {
  const { say } = useShared();
  const failed = of.filter(({ acme }) => acme?.lastError !== undefined).slice(0, MOST_FAULTS);
  const kept = of.filter(({ acme }) => acme?.revocation?.fault !== undefined).slice(0, MOST_FAULTS);
  return (
    <>
      {failed.map(({ names, acme }) => (
        <p key={acme?.id} className="note bad">
          {names.join(', ')}: {acme?.lastError}
          {acme?.isStandIn && <> ({say('acmeStandIn')})</>}
        </p>
      ))}
      {kept.map(({ names, acme }) => (
        <p key={acme?.id} className="note bad">
          {names.join(', ')}: {say('notTakenBack', { serial: acme?.revocation?.serial ?? '' })}{' '}
          {acme?.revocation?.fault}
        </p>
      ))}
    </>
  );
}

function Life({ certificate: { notBeforeMs, notAfterMs, state } }: { certificate: Certificate }) {
  const { say } = useShared();
  const whole = Math.max(1, notAfterMs - notBeforeMs);
  const left = Math.max(0, notAfterMs - Date.now());
  const days = left / DAY_MS;
  const text = say('daysOf', {
    n: days < 10 ? days.toFixed(1) : Math.floor(days),
    all: Math.round(whole / DAY_MS),
  });
  return (
    <span className="life">
      <meter
        min={0}
        max={1}
        low={0.25}
        high={0.25}
        optimum={1}
        value={Math.min(1, left / whole)}
        aria-label={text}
      />
      <span className={state === 'good' ? undefined : state === 'soon' ? 'warn' : 'bad'}>{text}</span>
    </span>
  );
}
