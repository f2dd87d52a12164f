/** Virtual routers: who has them and why, what is heard by which path, and the two deeds that move them. */
import { useState } from 'react';
import { Ask, Card, type Deed, durationText, State } from '../parts.tsx';
import type { Cluster, Instance } from '../shapes.ts';
import { mayDo, useAsked, useShared } from '../state.tsx';

const EVERY_MS = 2000;

export function ClusterPage() {
  const { live, say } = useShared();
  if (!live?.cluster) return <p className="faint">{say('noCluster')}</p>;
  return <Nodes />;
}

function Nodes() {
  const { api, say, who } = useShared();
  const [deed, ask] = useState<Deed>();
  const { value, fault, again } = useAsked<Cluster>('/cluster', EVERY_MS);
  if (fault !== undefined) return <p className="note bad">{fault}</p>;
  if (!value) return <p className="faint">{say('loading')}</p>;
  const on = !value.maintenance;
  const held = value.instances.filter(({ state }) => state === 'active').length;
  const maintain = async () => {
    const { etag } = await api.get('/cluster/maintenance');
    ask({
      title: say(on ? 'maintenanceOnTitle' : 'maintenanceOffTitle'),
      text: on ? say('maintenanceOnText', { n: held }) : say('maintenanceOffText'),
      button: say('confirmGo'),
      request: `PUT /api/v1/cluster/maintenance ${JSON.stringify({ on })}`,
      act: () => api.change('PUT', '/cluster/maintenance', etag, { on }).then(again),
    });
  };
  return (
    <>
      <div className="buttons start">
        {value.maintenance && <span className="note warn">{say('alertMaintenance')}</span>}
        {mayDo(who, 'operator') && (
          <button type="button" onClick={() => void maintain()}>
            {say(on ? 'maintenanceOn' : 'maintenanceOff')}
          </button>
        )}
      </div>
      {value.instances.map(instance => (
        <Router key={instance.name} instance={instance} ask={ask} again={again} />
      ))}
      {value.heartbeat && <Heartbeats heartbeat={value.heartbeat} />}
      {deed && <Ask deed={deed} close={() => ask(undefined)} />}
    </>
  );
}

function Router({
  instance,
  ask,
  again,
}: {
  instance: Instance;
  ask: (deed: Deed) => void;
  again: () => void;
}) {
  const { api, say, who } = useShared();
  const { name, state, priority, basePriority, addresses, faults, tracks, peers, transitions, sinceMs } =
    instance;
  const path = `/cluster/vrrp/${encodeURIComponent(name)}`;
  const giveAway = async () => {
    const { etag } = await api.get(path);
    ask({
      title: say('failoverTitle', { name }),
      text: say('failoverText', { addresses: addresses.join(', ') }),
      button: say('failoverGo'),
      request: `POST /api/v1${path}/failover`,
      act: () => api.change('POST', `${path}/failover`, etag).then(again),
    });
  };
  return (
    <Card
      title={name}
      more={
        state === 'active' &&
        mayDo(who, 'operator') && (
          <button type="button" onClick={() => void giveAway()}>
            {say('failover')}
          </button>
        )
      }
    >
      <p>
        <State of={state} /> <span className="faint">{say('since', { time: durationText(sinceMs) })}</span>
      </p>
      <dl>
        <dt>{say('why')}</dt>
        <dd>{faults.length > 0 ? faults.join('; ') : (transitions[0]?.reason ?? say('unknown'))}</dd>
        <dt>{say('addresses')}</dt>
        <dd>
          <code>{addresses.join(', ')}</code> · {instance.interface}
          {instance.vrid > 0 && ` · VRID ${instance.vrid}`}
        </dd>
        <dt>{say('priority')}</dt>
        <dd>{priority === basePriority ? priority : `${priority} (${basePriority})`}</dd>
        {tracks.length > 0 && <dt>{say('tracks')}</dt>}
        {tracks.map(track => (
          <dd key={track.name} className={track.ok === false ? 'bad' : undefined}>
            {track.name}: {track.says} {track.adds !== 0 && `(${track.adds})`}
          </dd>
        ))}
        {peers.length > 0 && <dt>{say('peers')}</dt>}
        {peers.map(peer => (
          <dd key={peer.address}>
            <code>{peer.address}</code> · {peer.priority} · {durationText(peer.ageMs)}
          </dd>
        ))}
      </dl>
      <details>
        <summary>{say('history')}</summary>
        <ul className="plain">
          {transitions.map(one => (
            <li key={`${one.atMs} ${one.to}`}>
              <time className="faint">{new Date(one.atMs).toLocaleTimeString(say('lang'))}</time> {one.from} →{' '}
              {one.to}: {one.reason}
            </li>
          ))}
        </ul>
      </details>
    </Card>
  );
}

function Heartbeats({
  heartbeat: { node, link, inSync, paths },
}: {
  heartbeat: NonNullable<Cluster['heartbeat']>;
}) {
  const { say } = useShared();
  return (
    <Card title={say('heartbeats')} more={<State of={link} />}>
      <p className="faint">
        {node}
        {inSync !== undefined && ` · ${say(inSync ? 'inSync' : 'notInSync')}`}
      </p>
      <ul className="plain">
        {paths.map(path => (
          <li key={`${path.local} ${path.peer}`} className="pair">
            <code>
              {path.local} → {path.peer}
            </code>
            <span className={path.carries ? 'good' : 'bad'}>
              {path.fault ?? say(path.carries ? 'carries' : 'silent')}{' '}
              {path.ageMs !== undefined && `${path.ageMs} ms`}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
