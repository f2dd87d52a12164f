/** Which way connections to servers leave: proxy_bind, options of the sockets, and the PROXY protocol in front. */
import { type Endpoint, readEndpoint } from '#kit/endpoint.ts';
import type { ProxySettings } from '#model/l7/proxy.ts';
import type { Exchange } from '../exchange.ts';
import type { Compiler } from '../tables.ts';
import type { WayOut } from '../transport/connect.ts';
import { proxyHeaderWriter } from '../wire/proxy/write.ts';
import { byWay, type Connector } from './connector.ts';

type ConnectorOf = (exchange: Exchange) => Connector;

/** Has connections leave as the settings of the location say. */
export function withWayOut(connectorOf: ConnectorOf, { location, text }: Compiler): ConnectorOf {
  const { proxy } = location.settings;
  const { bind, proxyProtocol } = proxy;
  const options = socketOptions(proxy);
  if (!bind && !options && proxyProtocol === 'off') return connectorOf;
  if (typeof (bind?.address ?? '') === 'string' && proxyProtocol === 'off')
    return alwaysBy(wayOut(fixedAddress(proxy), bind?.transparent ?? false, options, ''), connectorOf);
  const addressOf = bind && text(bind.address);
  const opening = proxyProtocol === 'off' ? () => '' : openingBy(proxyProtocol);
  return exchange => {
    const local = addressOf && localEndpoint(addressOf(exchange), exchange);
    return byWay(
      connectorOf(exchange),
      wayOut(local, bind?.transparent ?? false, options, opening(exchange)),
    );
  };
}

/** The same way for all requests: one connector for each that it is made of. */
function alwaysBy(way: WayOut, connectorOf: ConnectorOf): ConnectorOf {
  const made = new WeakMap<Connector, Connector>();
  return exchange => {
    const connector = connectorOf(exchange);
    let bound = made.get(connector);
    if (!bound) made.set(connector, (bound = byWay(connector, way)));
    return bound;
  };
}

/** What proxy_bind says where it has no variables. */
export const fixedAddress = ({ bind }: ProxySettings): Endpoint | undefined =>
  typeof bind?.address === 'string' ? readEndpoint(bind.address) : undefined;

function wayOut(
  local: Endpoint | undefined,
  transparent: boolean,
  options: WayOut['socket'],
  opening: string,
): WayOut {
  if (!local) return { key: opening, socket: options, opening };
  const { address, port } = local;
  return {
    key: `${address} ${port} ${transparent} ${opening}`,
    socket: { ...options, localAddress: address, ...(port > 0 && { localPort: port }), transparent },
    opening,
  };
}

function socketOptions({ socketKeepalive, socketReceiveBytes, socketSendBytes }: ProxySettings) {
  if (!socketKeepalive && socketReceiveBytes === 0 && socketSendBytes === 0) return undefined;
  return {
    ...(socketKeepalive && { keepAlive: { on: true } }),
    ...(socketReceiveBytes > 0 && { receiveBufferBytes: socketReceiveBytes }),
    ...(socketSendBytes > 0 && { sendBufferBytes: socketSendBytes }),
  };
}

/** As in nginx an empty address binds nothing; one that is none is told, and binds nothing either. */
function localEndpoint(text: string, exchange: Exchange): Endpoint | undefined {
  if (text === '') return undefined;
  const local = readEndpoint(text);
  if (!local) exchange.log('error', `invalid local address "${text}" while connecting to upstream`);
  return local;
}

/** The client as moat knows it, behind trusted proxies too, and the address that it came to. */
function openingBy(version: 'v1' | 'v2'): (exchange: Exchange) => string {
  const write = proxyHeaderWriter(version);
  return ({ remoteAddress, remotePort, connection: { localAddress, localPort } }) =>
    write({ address: remoteAddress, port: remotePort }, { address: localAddress, port: localPort });
}
