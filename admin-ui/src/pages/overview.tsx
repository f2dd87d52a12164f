/** How it is, in one line; then what makes it so. */
import { attentionOf } from '../attention.ts';
import { Card, Line, msText, numberText, State } from '../parts.tsx';
import { useShared } from '../state.tsx';

export function Overview() {
  const { live, say } = useShared();
  if (!live) return <p className="faint">{say('loading')}</p>;
  const attention = attentionOf(live, say);
  const worst = attention[0]?.kind ?? 'good';
  const text =
    attention.length === 0
      ? say('good')
      : say(attention.length === 1 ? 'attentionOne' : 'attention', { n: attention.length });
  return (
    <>
      <p className={`health ${worst}`} role="status">
        {text}
      </p>
      <Figures />
      <div className="columns">
        {attention.length > 0 && (
          <Card title={say('alerts')}>
            <ul className="plain">
              {attention.map(one => (
                <li key={one.text} className={`note ${one.kind}`}>
                  <a href={`#/${one.page}`}>{one.text}</a>
                </li>
              ))}
            </ul>
          </Card>
        )}
        <Holders />
        <PoolSummary />
      </div>
    </>
  );
}

function Figures() {
  const { points, say, language } = useShared();
  const last = points.at(-1);
  const text = (value: number | undefined) => (value === undefined ? '–' : numberText(value, language));
  const figures = [
    { key: 'perSecond', now: text(last?.perSecond), values: points.map(point => point.perSecond) },
    {
      key: 'serverErrors',
      now: text(last?.errorsPerSecond),
      values: points.map(point => point.errorsPerSecond),
    },
    { key: 'openConnections', now: text(last?.active), values: points.map(point => point.active) },
  ] as const;
  const latest = points.findLast(point => point.p50Ms !== undefined);
  return (
    <div className="figures">
      {figures.map(({ key, now, values }) => (
        <Card key={key} title={say(key)}>
          <p className="figure">{now}</p>
          <Line values={values} label={`${say(key)}: ${now}, ${say('lastMinutes')}`} />
        </Card>
      ))}
      <Card title={say('latency')}>
        <p className="figure">
          {msText(latest?.p95Ms)} <small>p95</small>
        </p>
        <Line
          values={points.map(point => point.p95Ms)}
          label={`${say('latency')}: ${msText(latest?.p95Ms)}`}
        />
        <p className="faint">
          p50 {msText(latest?.p50Ms)} · p99 {msText(latest?.p99Ms)}
        </p>
      </Card>
    </div>
  );
}

function Holders() {
  const { live, say } = useShared();
  const instances = Object.entries(live?.cluster?.instances ?? {});
  return (
    <Card title={say('who')}>
      {instances.length === 0 && <p className="faint">{say('noCluster')}</p>}
      <ul className="plain">
        {instances.map(([name, { state, priority }]) => (
          <li key={name} className="pair">
            <a href="#/cluster">{name}</a>
            <span>
              <State of={state} /> <span className="faint">{priority}</span>
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function PoolSummary() {
  const { live, say } = useShared();
  const pools = Object.entries(live?.l7?.pools ?? {});
  return (
    <Card title={say('pools')}>
      {pools.length === 0 && <p className="faint">{say('noPools')}</p>}
      <ul className="plain">
        {pools.slice(0, 12).map(([name, { members }]) => {
          const all = Object.values(members);
          const up = all.filter(({ state }) => state === 'up').length;
          return (
            <li key={name} className="pair">
              <a href="#/l7">{name}</a>
              <span className={up === all.length ? 'good' : up === 0 ? 'bad' : 'warn'}>
                {say('upOf', { up, all: all.length })}
              </span>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}
