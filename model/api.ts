/** The api block: where the control plane answers over HTTP, and whom it believes. */

import type { AutoscaleModel } from './autoscale.ts';

export interface ApiListen {
  /** An IP address in its usual form. */
  readonly address: string;
  readonly port: number;
}

export interface ApiTls {
  /** PEM, latin1: the certificate, then those that lead to its root. */
  readonly certificate: string;
  /** PEM, latin1; not encrypted. */
  readonly key: string;
}

export const SEVERITIES = ['warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** When a metric is told of. */
export interface AlertRule {
  readonly name: string;
  /** Of the history of metrics: one curve, or without its labels all of that name. */
  readonly metric: string;
  /** Whether it is bad above the bound, or below it. */
  readonly side: 'above' | 'below';
  readonly bound: number;
  /** It is over when the metric is back behind this one: not beyond `bound`. */
  readonly clear: number;
  /** How long it has to be bad before it is told of. */
  readonly forMs: number;
  readonly severity: Severity;
}

export const CHANNELS = ['webhook', 'smtp', 'slack', 'wecom', 'feishu', 'dingtalk'] as const;

/** Whom alerts are told. */
export interface NotifyModel {
  readonly channel: (typeof CHANNELS)[number];
  /** Of a channel other than smtp a secret. */
  readonly url: string;
  /** Signs what is sent: feishu and dingtalk. */
  readonly secret: string | undefined;
  /** Of smtp. */
  readonly from: string | undefined;
  readonly to: readonly string[];
  readonly user: string | undefined;
  readonly password: string | undefined;
}

/** A user's group at the provider, and what it makes of him here. */
export interface OidcRole {
  readonly role: 'viewer' | 'operator' | 'admin';
  /** A whole value of the claim. */
  readonly value: string;
}

/** Users of an OpenID Connect provider log in. */
export interface OidcModel {
  /** As the provider writes it: https, or http of loopback. */
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined: the client is public, and PKCE alone proves it. */
  readonly clientSecret: string | undefined;
  /** openid among them. */
  readonly scopes: readonly string[];
  /** A name, or a path with dots: `realm_access.roles`. */
  readonly roleClaim: string;
  readonly nameClaim: string;
  /** At least one; who has no value of these is not let in. */
  readonly roles: readonly OidcRole[];
  /** On the button of the console. */
  readonly label: string;
  /** PEM, latin1: authorities of the provider's own certificate, beside the usual ones. */
  readonly trusted: string | undefined;
}

export interface ApiModel {
  /** At least one; not all are of loopback only where `tls` is there. */
  readonly listens: readonly ApiListen[];
  readonly tls: ApiTls | undefined;
  /** Names in Host that are this node, beside IP addresses and localhost; lower case. */
  readonly hosts: readonly string[];
  /** An absolute folder: tokens, and the audit log. */
  readonly statePath: string;
  /** The browser's console: the own one where there is one, none, or that of a folder. */
  readonly console: 'on' | 'off' | `/${string}`;
  /** In the place of the default rule of that name, or beside them. */
  readonly alerts: readonly AlertRule[];
  /** Names of default rules that are not wanted. */
  readonly alertsOff: readonly string[];
  readonly notify: readonly NotifyModel[];
  /** How many members pools should have, as upstream blocks say. */
  readonly autoscale: readonly AutoscaleModel[];
  readonly oidc: OidcModel | undefined;
  /** Of the audit log; as much again is kept of the one before. */
  readonly auditLimitBytes: number;
}
