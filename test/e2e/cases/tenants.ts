/** The site examples/tenants with all of its requests. */
import { echoServer } from '../echo.ts';
import type { Site } from './case.ts';
import { access } from './tenants/access.ts';
import { captures, maps } from './tenants/maps.ts';
import { names, plain } from './tenants/names.ts';

export const TENANTS: Site = {
  folder: 'tenants',
  host: 'acme.example',
  listeners: [8080, 8443],
  servers: { 3011: echoServer('one'), 3012: echoServer('two'), 3013: echoServer('three') },
  groups: { plain, names, maps, captures, access },
};
