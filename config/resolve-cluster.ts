/** The draft of the cluster block to its frozen model: what is absent gets its value, and what does not go together is told. */
import { suggest } from '#kit/suggest.ts';
import type { ClusterModel } from '#model/cluster/cluster.ts';
import type { TrackScriptModel } from '#model/cluster/track.ts';
import type { SyncGroupModel } from '#model/cluster/vrrp.ts';
import type { L4Model } from '#model/l4/l4.ts';
import type { HttpModel } from '#model/l7/http.ts';
import type { Faults } from './diagnostic.ts';
import type { ClusterDraft, ScriptDraft, SyncGroupDraft, TrackDraft } from './draft-cluster.ts';
import { FLOW_WAIT_MS } from './resolve-flow-sync.ts';
import { resolveHeartbeat } from './resolve-heartbeat.ts';
import { resolveSessionStore } from './resolve-session-store.ts';
import { refuseTwins, resolveInstance, trackOf } from './resolve-vrrp.ts';

/** What the tracks of l4 and l7 ask after. */
export interface OtherTiers {
  readonly l4: L4Model | undefined;
  readonly http: HttpModel | undefined;
}

export function resolveCluster(draft: ClusterDraft, tiers: OtherTiers, faults: Faults): ClusterModel {
  refuseTwins(draft.instances, faults);
  for (const { tracks } of [...draft.instances, ...draft.groups])
    for (const track of tracks) refuseUnknown(track, draft, tiers, faults);
  const instances = draft.instances.map(instance => resolveInstance(instance, faults));
  for (const { own, places } of draft.instances)
    if (draft.heartbeat && own.election === false)
      faults.error(
        'value',
        'election: heartbeat settles which node has the addresses',
        places.get('election')!,
        'take out one of the two',
      );
  return {
    statePath: '/var/lib/moat/cluster',
    startupDelayMs: 0,
    realtimePriority: 50,
    scriptUser: 'nobody',
    ...draft.own,
    scripts: draft.scripts.map(script => resolveScript(script, faults)),
    instances,
    groups: resolveGroups(draft, faults),
    flowWaitMs: draft.flowSync && (draft.flowSync.own.waitMs ?? FLOW_WAIT_MS),
    sessionStore: resolveSessionStore(draft, tiers.http !== undefined, faults),
    heartbeat: draft.heartbeat && resolveHeartbeat(draft.heartbeat, instances, faults),
  };
}

function resolveScript({ name, own, site }: ScriptDraft, faults: Faults): TrackScriptModel {
  if (!own.command)
    faults.error('incomplete', `vrrp_script "${name}" has no script`, site, 'add a script line');
  const command = own.command ?? [];
  return { name, intervalMs: 1000, timeoutMs: 1000, rise: 1, fall: 1, user: undefined, ...own, command };
}

function resolveGroups(draft: ClusterDraft, faults: Faults): SyncGroupModel[] {
  const owners = new Map<string, string>();
  return draft.groups.map(group => {
    if (group.members.length === 0)
      faults.error(
        'incomplete',
        `sync_group "${group.name}" has no members`,
        group.site,
        'add a members line',
      );
    for (const member of group.members) {
      const owner = owners.get(member.text);
      if (owner !== undefined)
        faults.error(
          'value',
          `members: "${member.text}" is in the group "${owner}" already`,
          member,
          'an instance is in one group at most',
        );
      owners.set(member.text, group.name);
    }
    refuseMembers(group, draft, faults);
    refuseHalfElected(group, draft, faults);
    const { name, tracks } = group;
    return { name, members: group.members.map(({ text }) => text), tracks: tracks.map(trackOf) };
  });
}

function refuseMembers({ members }: SyncGroupDraft, { instances }: ClusterDraft, faults: Faults): void {
  const names = instances.map(({ name }) => name);
  for (const member of members) {
    const instance = instances.find(({ name }) => name === member.text);
    if (!instance) {
      const near = suggest(member.text, names);
      const hint = near ? `did you mean "${near}"?` : 'it is defined by vrrp_instance';
      faults.error('value', `members: no vrrp_instance is called "${member.text}"`, member, hint);
    }
    for (const { weight, place } of instance?.tracks ?? [])
      if (weight !== undefined)
        faults.error(
          'value',
          `track: a weight of "${member.text}" alone would draw its group apart`,
          place,
          'put the line into the sync_group block',
        );
  }
}

/** Who is elected can lose its addresses to others, and would take them from one that asks nobody. */
function refuseHalfElected({ members }: SyncGroupDraft, { instances }: ClusterDraft, faults: Faults): void {
  const [first, ...rest] = members.map(({ text }) => instances.find(({ name }) => name === text));
  const isElected = (one: typeof first) => one?.own.election !== false;
  const at = rest.findIndex(one => isElected(one) !== isElected(first));
  if (at < 0) return;
  const hint = 'put election off into all of the group, or none';
  faults.error('value', 'members: some have an election, and some have none', members[at + 1]!, hint);
}

function refuseUnknown(
  { question, place }: TrackDraft,
  { scripts }: ClusterDraft,
  tiers: OtherTiers,
  faults: Faults,
): void {
  const refuse = (message: string, hint: string) => faults.error('value', `track: ${message}`, place, hint);
  const unknown = (kind: string, name: string, names: readonly string[]) => {
    const near = suggest(name, names);
    refuse(`no ${kind} is called "${name}"`, near ? `did you mean "${near}"?` : `define it with ${kind}`);
  };
  if (question.type === 'script' && !scripts.some(({ name }) => name === question.script))
    unknown(
      'vrrp_script',
      question.script,
      scripts.map(({ name }) => name),
    );
  if (question.type === 'l7' && !tiers.http) refuse('there is no http block', 'take the line out');
  if (question.type !== 'l4') return;
  if (!tiers.l4) return refuse('there is no l4 block', 'take the line out');
  const names = tiers.l4.virtualServers.map(({ name }) => name);
  if (question.service !== undefined && !names.includes(question.service))
    unknown('virtual_server', question.service, names);
}
