/** moat's own commands: a row each. A command's file is loaded only when it is asked for. */

export interface Command {
  /** @param args latin1 strings, without the command's name @returns the exit code */
  run(args: readonly string[]): number | Promise<number>;
  /** What `--help` prints; where there is none, it is made of the row. */
  readonly help?: string;
  /** It goes on when nobody reads its output any more, or sees to it itself. */
  readonly outlivesReader?: boolean;
}

interface Row {
  readonly usage: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

export const COMMANDS = {
  run: {
    usage: 'run [-c FILE] [-p PREFIX]',
    summary: 'serve in the foreground',
    load: () => import('./commands/run.ts'),
  },
  check: {
    usage: 'check [--json] [-p PREFIX] [FILE]',
    summary: 'find every fault of a configuration',
    load: () => import('./commands/check.ts'),
  },
  fmt: {
    usage: 'fmt [--diff | --write] [FILE ...]',
    summary: 'lay configuration files out',
    load: () => import('./commands/fmt.ts'),
  },
  directives: {
    usage: 'directives [NAME]',
    summary: 'list the directives, or tell all about one',
    load: () => import('./commands/directives.ts'),
  },
  explain: {
    usage: "explain [-c FILE] [-H 'NAME: VALUE'] [--from ADDRESS] [--json] 'GET https://host/path'",
    summary: 'tell what would become of a request, and why',
    load: () => import('./commands/explain.ts'),
  },
  replay: {
    usage: 'replay --access-log FILE --against NEW.conf [-c FILE] [--origin http://HOST:PORT] [--json]',
    summary: 'tell which recorded requests a new configuration would route, limit or block differently',
    load: () => import('./commands/replay.ts'),
  },
  import: {
    usage:
      'import nginx [-p PREFIX] [FILE] | haproxy [FILE] | keepalived [--marks RULES] [FILE] | ipvsadm [--marks RULES] [FILE]',
    summary: 'make a configuration of what another program has, and tell what was not taken over',
    load: () => import('./commands/import.ts'),
  },
  reload: {
    usage: 'reload [-c FILE] [-p PREFIX]',
    summary: 'have the running program read its configuration again',
    load: async () => (await import('./commands/signal.ts')).sender('reload'),
  },
  history: {
    usage: 'history [--limit N] [-c FILE] [-p PREFIX] [--json]',
    summary: 'list the configurations that came into force: when, by whom, why',
    load: async () => (await import('./commands/history.ts')).commandOf('history'),
  },
  diff: {
    usage: 'diff [FROM [TO]] [-c FILE] [-p PREFIX] [--json]',
    summary: 'show what is other between two of them; an id, force, or disk',
    load: async () => (await import('./commands/history.ts')).commandOf('diff'),
  },
  apply: {
    usage:
      'apply [FILE] [--canary TIME] [--canary-share PERCENT] [--canary-errors PERCENT] [--canary-latency TIME] [--canary-factor N] [--canary-requests N] [--canary-few abandon|apply] [--confirm TIME] [-m MESSAGE] [--over-drift] [-c FILE] [-p PREFIX] [--json]',
    summary:
      'check a text, bring it into force everywhere and write it in the place of the main file; with --canary a part of the traffic tries it first, and it goes back when that is worse off',
    load: async () => (await import('./commands/history.ts')).commandOf('apply'),
  },
  confirm: {
    usage: 'confirm [-c FILE] [-p PREFIX] [--json]',
    summary: 'keep what was applied with --confirm, which goes back by itself otherwise',
    load: async () => (await import('./commands/history.ts')).commandOf('confirm'),
  },
  rollback: {
    usage: 'rollback [ID] [--confirm TIME] [-m MESSAGE] [--over-drift] [-c FILE] [-p PREFIX] [--json]',
    summary:
      'bring an earlier configuration into force and onto the disk; without an id, take back what is unconfirmed',
    load: async () => (await import('./commands/history.ts')).commandOf('rollback'),
  },
  backup: {
    usage: 'backup FILE [--events] [--passphrase-file FILE] [-c FILE] [-p PREFIX] [--json]',
    summary:
      'write the configuration in force with certificates and keys, users, tokens, bans and history into one encrypted file',
    load: () => import('./commands/backup.ts'),
  },
  restore: {
    usage:
      'restore FILE [--dry-run | --yes] [--only PART ...] [--outside] [--passphrase-file FILE] [-c FILE] [-p PREFIX] [--json]',
    summary:
      'show what a backup would change, ask, and bring it into force: all of it, or parts; with a moat that runs or without',
    load: () => import('./commands/restore.ts'),
  },
  quit: {
    usage: 'quit [-c FILE] [-p PREFIX]',
    summary: 'end the running program when it has served what it serves',
    load: async () => (await import('./commands/signal.ts')).sender('quit'),
  },
  stop: {
    usage: 'stop [-c FILE] [-p PREFIX]',
    summary: 'end the running program at once',
    load: async () => (await import('./commands/signal.ts')).sender('stop'),
  },
  reopen: {
    usage: 'reopen [-c FILE] [-p PREFIX]',
    summary: 'have the running program open its log files anew',
    load: async () => (await import('./commands/signal.ts')).sender('reopen'),
  },
  status: {
    usage: 'status [-c FILE] [-p PREFIX] [--json | --watch]',
    summary: 'show what the running program does',
    load: () => import('./commands/status.ts'),
  },
  tail: {
    usage:
      'tail [access | error] [--field status=5xx ...] [-n LINES] [--once] [-c FILE] [-p PREFIX] [--json]',
    summary: 'show what is written into the logs, by fields, as it comes',
    load: () => import('./commands/tail.ts'),
  },
  metrics: {
    usage: 'metrics [-c FILE] [-p PREFIX]',
    summary: 'print the metrics of the L4 tier, of virtual routers and of GSLB, as Prometheus reads them',
    load: () => import('./commands/metrics.ts'),
  },
  l4: {
    usage:
      'l4 list [--stats | --rate] | top [--once] | stats | connections | withdraw | drain|disable|ready|up|down|resume REAL [VIRTUAL] | weight N REAL [VIRTUAL] [-c FILE] [-p PREFIX] [--json]',
    summary:
      'show virtual servers, real servers and connections of the running program; drain or disable a real server, force it up or down, weigh it; withdraw what a moat that has ended left in the kernel',
    load: () => import('./commands/l4.ts'),
  },
  'log-level': {
    usage:
      'log-level [debug | info | notice | warn | error | crit | alert | emerg | resume] [--for TIME] [-c FILE] [-p PREFIX] [--json]',
    summary: 'show or change how bad a line must be to stand in the error logs of the running program',
    load: () => import('./commands/log-level.ts'),
  },
  pool: {
    usage:
      'pool list [POOL] | drain|ready|down|resume|remove MEMBER [POOL] | weight N MEMBER [POOL] | add MEMBER POOL [weight=N] [backup] ... [-c FILE] [-p PREFIX] [--json]',
    summary:
      'show pools and members of the running program; drain a member, take it down, weigh it, add or remove one, without a reload',
    load: () => import('./commands/pool.ts'),
  },
  autoscale: {
    usage: 'autoscale simulate POOL [--since TIME] [--boot TIME] [-c FILE] [-p PREFIX] [--json]',
    summary: 'show what the autoscale of a pool would have done with the load that was recorded',
    load: () => import('./commands/autoscale.ts'),
  },
  acme: {
    usage:
      'acme status [NAME] | renew [--force] [NAME] | revoke [--reason REASON] [--force] NAME [-c FILE] [-p PREFIX] [--json]',
    summary:
      'show certificates that authorities issue, and when they are renewed; order what is due now; have one taken back',
    load: () => import('./commands/acme.ts'),
  },
  vrrp: {
    usage:
      'vrrp status | explain [INSTANCE] | failover [INSTANCE] [--yes] | maintenance on [REASON] | maintenance off [-c FILE] [-p PREFIX] [--json]',
    summary: 'show virtual routers and who would win, give one away, take this node out of all elections',
    load: () => import('./commands/vrrp.ts'),
  },
  cluster: {
    usage: 'cluster status | incidents [-c FILE] [-p PREFIX] [--json]',
    summary:
      'show the other node of the pair, by which paths it is heard, the witness, and partitions that were',
    load: () => import('./commands/cluster.ts'),
  },
  kubernetes: {
    usage: 'kubernetes status [-c FILE] [-p PREFIX] [--json]',
    summary: 'show the routes that objects of Kubernetes bring, and which of them are left out, and why',
    load: () => import('./commands/kubernetes.ts'),
  },
  gslb: {
    usage: 'gslb status [-c FILE] [-p PREFIX] [--json]',
    summary:
      'show the names that are answered by DNS, with their sites: who lives, of what weight, and what was asked',
    load: () => import('./commands/gslb.ts'),
  },
  waf: {
    usage:
      "waf events [--since 1h] [--action block] [--rule N] [--path P] [--client A] | explain ID | test 'curl ...' | exclude ID [--rule N] [--write] | tune [--since 1d] [--confidence high] [--write] | learned | fetch-crs VERSION --sha256 HASH [--to DIR] | mode [off | detect | block | resume] [--server NAME] [--location L] [--for TIME] | bans [list | add KEY [--for TIME] | remove KEY] [--zone NAME] [-c FILE] [--json]",
    summary: 'tell why the firewall refused a request, what it would do with one, and spare the honest ones',
    load: () => import('./commands/waf.ts'),
  },
  token: {
    usage:
      'token create NAME [--role viewer | operator | admin] [--scope PART ...] [--for TIME] | list | revoke NAME [-c FILE] [-p PREFIX] [--json]',
    summary: 'make, list or revoke tokens for the HTTP API of the running program',
    load: () => import('./commands/token.ts'),
  },
  user: {
    usage:
      'user list | link | add NAME [--role viewer | operator | admin] | role NAME ROLE | password NAME | disable NAME | enable NAME | reset-totp NAME | remove NAME [-c FILE] [-p PREFIX] [--json]',
    summary: 'say who may log in to the console; passwords are read from standard input',
    load: () => import('./commands/user.ts'),
  },
  doctor: {
    usage: 'doctor [-c FILE] [--json]',
    summary: 'find what on this host is in the way of the L4 tier',
    load: () => import('./commands/doctor.ts'),
  },
  'real-server': {
    usage:
      'real-server join [--mode dr] ADDRESS ... | join --mode tun --director D [--tunnel ipip | gue] [--port N] [--interface NAME] [--attach auto | xdp | xdp-generic] ADDRESS ... | join --mode nat --director D ADDRESS ... | status [--json] [ADDRESS ...] | leave',
    summary:
      'make this host a real server: virtual addresses without ARP for dr and tun, unwrapping of tunnels, the way back of nat',
    load: () => import('./commands/real-server.ts'),
  },
  demo: {
    usage:
      'demo [--port N] [--tls-port N] [--mode dr | nat | fullnat | tun] [--directors 0 | 1 | 2] [--rate N] [--l7-only]',
    summary: 'try moat: as root both tiers on hosts of their own, else the L7 tier alone',
    load: () => import('./commands/demo.ts'),
  },
  drill: {
    usage:
      'drill [--cluster PLAN | --seed N [--faults N]] [--only TEXT ...] [--mode dr | nat | fullnat | tun] [--directors 2 | 0] [--witness none | reach | redis] [--rate N] [--report DIR [--keep N]] [--json]',
    summary:
      'break a pair on hosts of its own (as root), or a cluster by its plan, under load, and look what comes of it',
    load: () => import('./commands/drill.ts'),
  },
  help: {
    usage: 'help [COMMAND]',
    summary: 'list the commands, or tell how one is called',
    load: () => import('./commands/help.ts'),
  },
  version: {
    usage: 'version',
    summary: 'print which moat this is',
    load: () => import('./commands/version.ts'),
  },
} as const satisfies Record<string, Row>;

export const isCommand = (word: string): word is keyof typeof COMMANDS => Object.hasOwn(COMMANDS, word);
