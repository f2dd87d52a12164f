/** Servers as rows of values: without the names of fields they are a third of the bytes, and sooner written and read. */
import type { LocationModel, ServerModel } from '#model/l7/http.ts';
import { DEFAULT_SETTINGS, type Settings } from '#model/l7/settings.ts';

/** An object, or its number among `SharedParts.others`. */
type Ref<T extends object> = T | number;
/** A slice each, in the order of SLICES. */
type SettingsRow = readonly Ref<Settings[keyof Settings]>[];

export type LocationRow = readonly [
  match: LocationModel['match'],
  label: string,
  /** Undefined where it is the server's. */
  file: string | undefined,
  line: number,
  /** A number among `SharedParts.settings`. */
  settings: SettingsRow | number,
  rewrite: LocationModel['rewrite'],
  content: LocationModel['content'],
  internal: boolean,
  tryFiles: LocationModel['tryFiles'],
  autoRedirect: boolean,
  limitExcept: readonly [methods: readonly string[], location: LocationRow] | undefined,
  conditional: readonly LocationRow[],
  locations: readonly LocationRow[],
];

export type ServerRow = readonly [
  core: Ref<ServerModel['core']>,
  tls: Ref<NonNullable<ServerModel['tls']>> | undefined,
  file: string,
  line: number,
  root: LocationRow,
];

/** What several servers have. */
export interface SharedParts {
  readonly settings: readonly SettingsRow[];
  /** Slices of settings, and what servers have beside them. */
  readonly others: readonly object[];
}

const SLICES = Object.keys(DEFAULT_SETTINGS) as (keyof Settings)[];

/** What stands in more than one server, numbered in the order in which that was found. */
class Sharing {
  readonly settings = new Map<Settings, number>();
  readonly others = new Map<object, number>();
  readonly #owners = new Map<object, ServerModel>();

  note(part: object, server: ServerModel): void {
    const owner = this.#owners.get(part);
    if (owner === undefined) this.#owners.set(part, server);
    else if (owner !== server && !this.others.has(part)) this.others.set(part, this.others.size);
  }

  noteLocation(location: LocationModel, server: ServerModel): void {
    this.#noteSettings(location.settings, server);
    for (const inner of location.locations) this.noteLocation(inner, server);
    for (const inner of location.conditional) this.noteLocation(inner, server);
    if (location.limitExcept) this.noteLocation(location.limitExcept.location, server);
  }

  #noteSettings(settings: Settings, server: ServerModel): void {
    const owner = this.#owners.get(settings);
    if (owner === server || this.settings.has(settings)) return;
    for (const name of SLICES) this.note(settings[name], server);
    if (owner === undefined) this.#owners.set(settings, server);
    else this.settings.set(settings, this.settings.size);
  }
}

/** Turns servers into rows. */
export class RowWriter {
  readonly #sharing = new Sharing();
  /** Locations that have one settings object among them have one afterwards. */
  readonly #rows = new Map<Settings, SettingsRow>();

  /** @param servers all that will be written */
  constructor(servers: readonly ServerModel[]) {
    for (const server of servers) {
      this.#sharing.note(server.core, server);
      if (server.tls) this.#sharing.note(server.tls, server);
      this.#sharing.noteLocation(server.root, server);
    }
  }

  shared(): SharedParts {
    const { settings, others } = this.#sharing;
    return { settings: [...settings.keys()].map(one => this.#settingsRow(one)), others: [...others.keys()] };
  }

  row({ core, tls, site: { file, line }, root }: ServerModel): ServerRow {
    return [this.#ref(core), tls && this.#ref(tls), file, line, this.#location(root, file)];
  }

  #ref<T extends object>(part: T): Ref<T> {
    return this.#sharing.others.get(part) ?? part;
  }

  #location(location: LocationModel, serverFile: string): LocationRow {
    const { match, label, site, settings, rewrite, content, internal, tryFiles, autoRedirect } = location;
    const { limitExcept, conditional, locations } = location;
    return [
      match,
      label,
      site.file === serverFile ? undefined : site.file,
      site.line,
      this.#sharing.settings.get(settings) ?? this.#settingsRow(settings),
      rewrite,
      content,
      internal,
      tryFiles,
      autoRedirect,
      limitExcept && [limitExcept.methods, this.#location(limitExcept.location, serverFile)],
      conditional.map(inner => this.#location(inner, serverFile)),
      locations.map(inner => this.#location(inner, serverFile)),
    ];
  }

  #settingsRow(settings: Settings): SettingsRow {
    const known = this.#rows.get(settings);
    if (known) return known;
    const row = SLICES.map(name => this.#ref(settings[name]));
    this.#rows.set(settings, row);
    return row;
  }
}

/** Turns rows into servers again. */
export class RowReader {
  readonly #others: readonly object[];
  readonly #settings: readonly Settings[];
  readonly #read = new WeakMap<SettingsRow, Settings>();

  constructor({ settings, others }: SharedParts) {
    this.#others = others;
    this.#settings = settings.map(row => this.#settingsOf(row));
  }

  /** All of a server but its head. */
  server([core, tls, file, line, root]: ServerRow): Omit<ServerModel, 'names' | 'serverName' | 'listens'> {
    return {
      core: this.#part(core),
      tls: tls === undefined ? undefined : this.#part(tls),
      root: this.#location(root, file),
      site: { file, line },
    };
  }

  #part<T extends object>(ref: Ref<T>): T {
    return typeof ref === 'number' ? (this.#others[ref] as T) : ref;
  }

  #location(row: LocationRow, serverFile: string): LocationModel {
    const [match, label, file = serverFile, line, settings, rewrite, content, internal, tryFiles] = row;
    const [, , , , , , , , , autoRedirect, limitExcept, conditional, locations] = row;
    return {
      match,
      label,
      site: { file, line },
      settings: typeof settings === 'number' ? this.#settings[settings]! : this.#settingsOf(settings),
      rewrite,
      content,
      internal,
      tryFiles,
      autoRedirect,
      limitExcept: limitExcept && {
        methods: limitExcept[0],
        location: this.#location(limitExcept[1], serverFile),
      },
      conditional: conditional.map(inner => this.#location(inner, serverFile)),
      locations: locations.map(inner => this.#location(inner, serverFile)),
    };
  }

  #settingsOf(row: SettingsRow): Settings {
    const known = this.#read.get(row);
    if (known) return known;
    const slices: Partial<Record<keyof Settings, object>> = {};
    SLICES.forEach((name, at) => {
      slices[name] = this.#part(row[at]!);
    });
    this.#read.set(row, slices as Settings);
    return slices as Settings;
  }
}
