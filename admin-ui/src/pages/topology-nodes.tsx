/** All nodes of the cluster, side by side: who has which address, how each is, and whether they run the same configuration. */
import { type NodeShown, nodesOf, type Reach } from '../nodes.ts';
import { Card, durationText, State } from '../parts.tsx';
import type { Cluster } from '../shapes.ts';
import { useAsked, useShared } from '../state.tsx';

const EVERY_MS = 2000;
const REVISION_CHARS = 8;
const KIND = { own: 'good', heard: 'good', quiet: '', silent: 'bad', ended: 'warn', unmet: 'warn' } as const;

export function ClusterNodes() {
  const { say } = useShared();
  const { value, fault } = useAsked<Cluster>('/cluster', EVERY_MS);
  if (fault !== undefined) return <p className="note bad">{fault}</p>;
  if (!value) return <p className="faint">{say('loading')}</p>;
  return (
    <section className="nodes" aria-label={say('nodes')}>
      {nodesOf(value).map(node => (
        <NodeCard key={`${node.reach === 'own'} ${node.name}`} node={node} />
      ))}
    </section>
  );
}

function NodeCard({ node }: { readonly node: NodeShown }) {
  const { say, live } = useShared();
  const { name, reach, routers, isHealthy, isMaintenance, revision, isOtherRevision, inSync, paths } = node;
  const isOwn = reach === 'own';
  return (
    <Card
      title={name ?? say(isOwn ? 'thisNode' : 'otherNode')}
      more={<span className={`state ${KIND[reach]}`}>{reachText(node, say)}</span>}
    >
      <ul className="plain">
        {routers.map(one => (
          <li key={one.name} className="router">
            <State of={one.state} />
            <span>
              <strong>{one.name}</strong> <code>{one.addresses.join(', ')}</code>
              {one.isContested && <span className="bad"> {say('contested')}</span>}
            </span>
            <small>{say('priorityOf', { n: one.priority })}</small>
          </li>
        ))}
        {routers.length === 0 && <li className="faint">{say('saysNothing')}</li>}
      </ul>
      <dl>
        <dt>{say('health')}</dt>
        <dd className={isHealthy === false ? 'bad' : undefined}>
          {isMaintenance
            ? say('alertMaintenance')
            : say(isHealthy === undefined ? 'unknown' : isHealthy ? 'healthy' : 'hasFaults')}
        </dd>
        <dt>{say('config')}</dt>
        <dd className={isOtherRevision ? 'warn' : undefined}>
          {revision === undefined && !isOwn && say('unknown')}
          {isOwn && live && say('revision', { n: live.revision })}{' '}
          {revision && <code>{revision.slice(0, REVISION_CHARS)}</code>}
          {!isOwn && revision !== undefined && ` ${say(isOtherRevision ? 'otherRevision' : 'sameRevision')}`}
        </dd>
        {inSync !== undefined && (
          <>
            <dt>{say('flowsKept')}</dt>
            <dd className={inSync ? undefined : 'warn'}>{say(inSync ? 'inSync' : 'notInSync')}</dd>
          </>
        )}
        {paths && (
          <>
            <dt>{say('heartbeats')}</dt>
            <dd className={paths.carrying === paths.all ? undefined : paths.carrying === 0 ? 'bad' : 'warn'}>
              {say('pathsCarry', { n: paths.carrying, all: paths.all })}
            </dd>
          </>
        )}
      </dl>
    </Card>
  );
}

const REACH = {
  own: 'thisNode',
  heard: 'reachHeard',
  silent: 'reachSilent',
  ended: 'reachEnded',
  unmet: 'reachUnmet',
  quiet: 'reachQuiet',
} as const satisfies Record<Reach, string>;

const reachText = ({ reach, ageMs = 0 }: NodeShown, say: ReturnType<typeof useShared>['say']): string =>
  say(REACH[reach], { time: durationText(ageMs) });
