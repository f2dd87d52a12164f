/** The nodes of the cluster, and the way of requests through this one, with what goes along it now: clients, virtual services and real servers, or listeners, pools and members. */
import { useEffect, useRef, useState } from 'react';
import { numberText } from '../parts.tsx';
import type { Live } from '../shapes.ts';
import { useShared } from '../state.tsx';
import { isGood, kindOf } from '../words/kinds.ts';
import { stateText } from '../words/states.ts';
import { ClusterNodes } from './topology-nodes.tsx';

interface Node {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly kind: 'good' | 'warn' | 'bad' | 'plain';
  readonly page: string;
  /** Whom it gets its requests from. */
  readonly from: readonly string[];
  /** Requests or connections a second. */
  readonly rate: number;
}

type Rates = ReadonlyMap<string, number>;
const MOST = 14;
const WIDTH = 210;
const GAP = 70;
const HEIGHT = 46;
const STEP = 62;

export function TopologyPage() {
  const shared = useShared();
  const { live, say } = shared;
  const rates = useRates(live);
  if (!live) return <p className="faint">{say('loading')}</p>;
  const columns = columnsOf(live, rates, shared).filter(({ length }) => length > 0);
  const rows = Math.max(...columns.map(({ length }) => length));
  const [width, height] = [columns.length * (WIDTH + GAP) - GAP + 8, rows * STEP + 8];
  const places = new Map(
    columns.flatMap((nodes, x) =>
      nodes.map(
        (node, y) =>
          [
            node.id,
            { x: x * (WIDTH + GAP) + 4, y: y * STEP + 4 + ((rows - nodes.length) * STEP) / 2 },
          ] as const,
      ),
    ),
  );
  const all = columns.flat();
  const most = Math.max(1, ...all.map(({ rate }) => rate));
  return (
    <>
      {live.cluster && <ClusterNodes />}
      {live.cluster && <h2 className="below">{say('throughThisNode')}</h2>}
      <section className="card topology" aria-label={say('topology')}>
        <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height}>
          <title>{say('topology')}</title>
          {all.flatMap(node =>
            node.from.map(from => {
              const [a, b] = [places.get(from), places.get(node.id)];
              if (!a || !b) return null;
              const [x1, y1, x2, y2] = [a.x + WIDTH, a.y + HEIGHT / 2, b.x, b.y + HEIGHT / 2];
              const bend = (x2 - x1) / 2;
              return (
                <path
                  key={`${from} ${node.id}`}
                  className={`flow ${node.rate > 0 ? 'moves' : ''} ${node.kind === 'bad' ? 'bad' : ''}`}
                  strokeWidth={1.5 + (4 * node.rate) / most}
                  d={`M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`}
                />
              );
            }),
          )}
          {all.map(node => (
            <Box key={node.id} node={node} at={places.get(node.id)!} />
          ))}
        </svg>
      </section>
    </>
  );
}

function Box({ node, at }: { node: Node; at: { readonly x: number; readonly y: number } }) {
  const { language } = useShared();
  const rate = node.rate > 0 || node.id === 'clients' ? `${numberText(node.rate, language)}/s` : '';
  return (
    <a href={`#/${node.page}`}>
      <g transform={`translate(${at.x} ${at.y})`} className={`box ${node.kind}`}>
        <title>{`${node.title} ${node.note}`}</title>
        <rect width={WIDTH} height={HEIGHT} rx={10} />
        <circle cx={16} cy={HEIGHT / 2} r={5} />
        <text x={30} y={19} className="name">
          {cut(node.title, 21)}
        </text>
        <text x={30} y={35} className="note">
          {cut(node.note, 22)}
        </text>
        <text x={WIDTH - 10} y={35} className="rate">
          {rate}
        </text>
      </g>
    </a>
  );
}

const cut = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text;

/** A second's growth of each count, by the id of its node. */
function useRates(live: Live | undefined): Rates {
  const before = useRef<{ readonly atMs: number; readonly counts: ReadonlyMap<string, number> }>(undefined);
  const [rates, setRates] = useState<Rates>(new Map());
  useEffect(() => {
    if (!live) return;
    const [atMs, counts] = [performance.now(), countsOf(live)];
    const was = before.current;
    before.current = { atMs, counts };
    if (!was || atMs - was.atMs < 200) return;
    const grown = [...counts].map(([id, count]) => {
      const known = was.counts.get(id);
      return [id, known === undefined ? 0 : (Math.max(0, count - known) * 1000) / (atMs - was.atMs)] as const;
    });
    setRates(new Map(grown));
  }, [live]);
  return rates;
}

function countsOf({ l4, l7 }: Live): Map<string, number> {
  const reals = Object.entries(l4?.services ?? {}).flatMap(([service, { reals }]) =>
    Object.entries(reals).map(([name, real]) => [`real ${service} ${name}`, real.connections] as const),
  );
  const members = Object.entries(l7?.pools ?? {}).flatMap(([pool, { members: all }]) =>
    Object.entries(all).map(([name, member]) => [`member ${pool} ${name}`, member.requests] as const),
  );
  return new Map([...reals, ...members, ['l7', l7?.requests ?? 0]]);
}

type Words = Pick<ReturnType<typeof useShared>, 'say' | 'language'>;

function columnsOf(live: Live, rates: Rates, { say, language }: Words): readonly (readonly Node[])[] {
  const rate = (id: string) => rates.get(id) ?? 0;
  const state = (word: string) => stateText(word, language);
  const services = Object.entries(live.l4?.services ?? {});
  const pools = Object.entries(live.l7?.pools ?? {});
  const serviceRate = (name: string, reals: object) =>
    Object.keys(reals).reduce((sum, real) => sum + rate(`real ${name} ${real}`), 0);
  const flows = services.reduce((sum, [name, { reals }]) => sum + serviceRate(name, reals), 0);
  const hasL7 = pools.length > 0 || (live.l7?.requests ?? 0) > 0;
  const clients: Node = {
    ...{ id: 'clients', title: say('clients'), note: '', kind: 'plain', page: 'overview', from: [] },
    rate: services.length > 0 ? flows : rate('l7'),
  };
  const instances = Object.entries(live.cluster?.instances ?? {}).map(
    ([name, one]): Node => ({
      ...{
        id: `vrrp ${name}`,
        title: name,
        note: `VRRP ${state(one.state)}`,
        page: 'cluster',
        from: ['clients'],
        rate: 0,
      },
      kind: one.faults.length > 0 ? 'bad' : one.state === 'active' ? 'good' : 'plain',
    }),
  );
  const held = instances.filter(({ kind }) => kind === 'good').map(({ id }) => id);
  const heads = held.length > 0 ? held : ['clients'];
  const virtual = services.map(
    ([name, { scheduler, quorum, reals }]): Node => ({
      ...{ id: `service ${name}`, title: name, note: scheduler, page: 'l4', from: heads },
      ...{ kind: quorum ? 'good' : 'bad', rate: serviceRate(name, reals) },
    }),
  );
  const real = services.flatMap(([service, { reals }]) =>
    Object.entries(reals).map(
      ([name, one]): Node => ({
        ...{
          id: `real ${service} ${name}`,
          title: name,
          note: `${state(one.state)} · ${one.mode}`,
          page: 'l4',
        },
        ...{ kind: kindOf(one.state), from: [`service ${service}`], rate: rate(`real ${service} ${name}`) },
      }),
    ),
  );
  const proxy: Node[] = hasL7
    ? [
        {
          ...{
            id: 'l7',
            title: say('proxy'),
            note: say((live.l7?.workers ?? 0) === 1 ? 'workerOne' : 'workers', { n: live.l7?.workers ?? 0 }),
            page: 'l7',
          },
          ...{ kind: live.l7 ? 'good' : 'bad', from: heads, rate: rate('l7') },
        },
      ]
    : [];
  const pool = pools.map(([name, { members }]): Node => {
    const states = Object.values(members).map(one => one.state);
    const up = states.filter(isGood).length;
    return {
      ...{
        id: `pool ${name}`,
        title: name,
        note: say('upOf', { up, all: states.length }),
        page: 'l7',
        from: ['l7'],
      },
      kind: up === 0 ? 'bad' : up === states.length ? 'good' : 'warn',
      rate: Object.keys(members).reduce((sum, one) => sum + rate(`member ${name} ${one}`), 0),
    };
  });
  const member = pools.flatMap(([name, { members }]) =>
    Object.entries(members).map(
      ([key, one]): Node => ({
        ...{
          id: `member ${name} ${key}`,
          title: key,
          note: state(one.state),
          page: 'l7',
          from: [`pool ${name}`],
        },
        ...{ kind: kindOf(one.state), rate: rate(`member ${name} ${key}`) },
      }),
    ),
  );
  const shown = (nodes: readonly Node[], page: string): readonly Node[] =>
    nodes.length <= MOST
      ? nodes
      : [
          ...nodes.slice(0, MOST - 1),
          {
            ...{
              id: `more ${page} ${nodes.length}`,
              title: say('more', { n: nodes.length - MOST + 1 }),
              note: '',
            },
            ...{ kind: 'plain', page, from: [], rate: 0 },
          },
        ];
  return [
    [clients],
    shown(instances, 'cluster'),
    shown(virtual, 'l4'),
    shown(real, 'l4'),
    proxy,
    shown(pool, 'l7'),
    shown(member, 'l7'),
  ];
}
