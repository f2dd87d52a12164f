/** What the directives of the heartbeat block write into; config/resolve-heartbeat.ts turns it into the frozen model. */
import type { HeartbeatModel } from '#model/cluster/heartbeat.ts';
import type { PathDraft } from './cluster-path.ts';
import type { Writable } from './draft.ts';
import type { Site } from './lex.ts';

export interface HeartbeatDraft {
  readonly own: Partial<Writable<Omit<HeartbeatModel, 'paths'>>>;
  readonly paths: PathDraft[];
  readonly site: Site;
}

export const newHeartbeat = (site: Site): HeartbeatDraft => ({ own: {}, paths: [], site });
