/** What the directives of the L4 tier write into; config/resolve-l4.ts turns it into the frozen model. */
import type { SourceFilterModel } from '#model/l4/filter.ts';
import type { L4CheckModel } from '#model/l4/health.ts';
import type { AttachModel, FlowTimeouts, L4Model, SourcePoolModel } from '#model/l4/l4.ts';
import type {
  ForwardMode,
  NotifyModel,
  RealServerModel,
  ServiceProtocol,
  VirtualAddressModel,
  VirtualServerModel,
} from '#model/l4/virtual-server.ts';
import type { Writable } from './draft.ts';
import type { Site } from './lex.ts';

/** Which clients may come, while it is read. */
export type FilterDraft = { -readonly [K in keyof SourceFilterModel]: SourceFilterModel[K][number][] };

export interface L4Draft {
  readonly own: Partial<Writable<Omit<L4Model, 'timeouts' | 'attach' | 'filter' | 'virtualServers'>>>;
  readonly timeouts: Partial<Writable<FlowTimeouts>>;
  readonly attach: AttachModel[];
  readonly sourcePools: SourcePoolModel[];
  readonly filter: FilterDraft;
  readonly virtualServers: VirtualServerDraft[];
}

export interface VirtualAddressDraft extends VirtualAddressModel {
  readonly family: 4 | 6;
  readonly place: Site;
}

/** A real server as written; the virtual server's mode holds where it names none. */
export interface RealServerDraft extends Omit<RealServerModel, 'mode' | 'site'> {
  readonly mode: ForwardMode | undefined;
  readonly family: 4 | 6;
  readonly place: Site;
}

export interface CheckDraft extends Omit<L4CheckModel, 'site'> {
  readonly place: Site;
}

/** What one directive gives one field. */
type Plain = Omit<
  VirtualServerModel,
  'name' | 'protocol' | 'addresses' | 'realServers' | 'sorryServer' | 'checks' | 'notify' | 'filter' | 'site'
>;

export interface VirtualServerDraft {
  readonly name: string;
  readonly protocol: ServiceProtocol;
  readonly addresses: readonly VirtualAddressDraft[];
  readonly own: Partial<Writable<Plain>>;
  mode: ForwardMode;
  readonly realServers: RealServerDraft[];
  sorryServer: RealServerDraft | undefined;
  readonly checks: CheckDraft[];
  readonly notify: NotifyModel[];
  readonly filter: FilterDraft;
  /** Where directives stand that resolve holds against what else is there. */
  readonly places: Map<string, Site>;
  readonly site: Site;
}

const newFilter = (): FilterDraft => ({ allowed: [], denied: [] });

export const newL4 = (): L4Draft => ({
  own: {},
  timeouts: {},
  attach: [],
  sourcePools: [],
  filter: newFilter(),
  virtualServers: [],
});

export const newVirtualServer = (
  head: Pick<VirtualServerDraft, 'name' | 'protocol' | 'addresses'>,
  site: Site,
): VirtualServerDraft => ({
  ...head,
  own: {},
  mode: 'dr',
  realServers: [],
  sorryServer: undefined,
  checks: [],
  notify: [],
  filter: newFilter(),
  places: new Map(),
  site,
});
