/** How it is, in one line; then what makes it so. */
import { attentionOf } from '../attention.ts';
import type { Point } from '../history.ts';
import { Card, Line, msText, numberText, State } from '../parts.tsx';
import type { Live, WafModes } from '../shapes.ts';
import { useAsked, useShared } from '../state.tsx';
import type { Key } from '../words/en.ts';

const MOST_LISTED = 12;
const MODES_EVERY_MS = 5000;

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
      {hasL4(live) && <FlowFigures />}
      {hasL7(live) && <Figures />}
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
        {hasL4(live) && <RealSummary />}
        {hasL7(live) && <PoolSummary />}
        {hasL7(live) && <WafSummary />}
      </div>
    </>
  );
}

const hasL4 = ({ l4 }: Live): boolean => Object.keys(l4?.services ?? {}).length > 0;

/** A node that only forwards has nothing to tell of requests. */
const hasL7 = (live: Live): boolean =>
  !hasL4(live) || Object.keys(live.l7?.pools ?? {}).length > 0 || (live.l7?.requests ?? 0) > 0;

/** One number of now, and how it came there. */
function Figure({ name, of }: { readonly name: Key; readonly of: (point: Point) => number }) {
  const { points, say, language } = useShared();
  const last = points.at(-1);
  const now = last === undefined ? '–' : numberText(of(last), language);
  return (
    <Card title={say(name)}>
      <p className="figure">{now}</p>
      <Line values={points.map(of)} label={`${say(name)}: ${now}, ${say('lastMinutes')}`} />
    </Card>
  );
}

function FlowFigures() {
  return (
    <div className="figures">
      <Figure name="flowsPerSecond" of={point => point.flowsPerSecond} />
      <Figure name="openFlows" of={point => point.flows} />
    </div>
  );
}

function Figures() {
  const { points, say } = useShared();
  const latest = points.findLast(point => point.p50Ms !== undefined);
  return (
    <div className="figures">
      <Figure name="perSecond" of={point => point.perSecond} />
      <Figure name="serverErrors" of={point => point.errorsPerSecond} />
      <Figure name="openConnections" of={point => point.active} />
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

function RealSummary() {
  const { live, say } = useShared();
  const rows = Object.entries(live?.l4?.services ?? {}).map(
    ([name, { reals }]) => [name, Object.values(reals)] as const,
  );
  return <Summary title={say('l4')} page="l4" rows={rows} good="alive" empty={say('noL4')} />;
}

function PoolSummary() {
  const { live, say } = useShared();
  const rows = Object.entries(live?.l7?.pools ?? {}).map(
    ([name, { members }]) => [name, Object.values(members)] as const,
  );
  return <Summary title={say('pools')} page="l7" rows={rows} good="up" empty={say('noPools')} />;
}

/** Where the firewall blocks, and where it only looks on; a mode by command is easily forgotten. */
function WafSummary() {
  const { say } = useShared();
  const { value } = useAsked<WafModes>('/waf/modes', MODES_EVERY_MS);
  if (!value) return null;
  const counts = Map.groupBy(value.items, ({ mode }) => mode);
  const { length: commanded } = value.commanded;
  return (
    <Card title={say('waf')}>
      {commanded > 0 && <p className="note warn">{say('modesCommanded', { n: commanded })}</p>}
      <ul className="plain">
        {['block', 'detect', 'off'].map(mode => (
          <li key={mode} className="pair">
            <a href="#/waf">
              <State of={mode} />
            </a>
            <span className="faint">{say('places', { n: counts.get(mode)?.length ?? 0 })}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

interface SummaryProps {
  readonly title: string;
  readonly page: string;
  readonly rows: readonly (readonly [name: string, members: readonly { readonly state: string }[]])[];
  /** What a member that takes requests is. */
  readonly good: string;
  readonly empty: string;
}

/** Of each, how many of its members take requests. */
function Summary({ title, page, rows, good, empty }: SummaryProps) {
  const { say } = useShared();
  return (
    <Card title={title}>
      {rows.length === 0 && <p className="faint">{empty}</p>}
      <ul className="plain">
        {rows.slice(0, MOST_LISTED).map(([name, members]) => {
          const up = members.filter(({ state }) => state === good).length;
          return (
            <li key={name} className="pair">
              <a href={`#/${page}`}>{name}</a>
              <span className={up === 0 ? 'bad' : up === members.length ? 'good' : 'warn'}>
                {say('upOf', { up, all: members.length })}
              </span>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}
