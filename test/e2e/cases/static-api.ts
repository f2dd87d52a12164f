/** The site examples/static-api with all of its requests. */
import { echoServer } from '../echo.ts';
import type { Site } from './case.ts';
import { conditions, gzipped, ranges } from './static-api/conditions.ts';
import { files, rewrites } from './static-api/files.ts';
import { hosts, paths } from './static-api/names.ts';
import { odd } from './static-api/odd.ts';
import { api, failing, limits } from './static-api/proxied.ts';

export const STATIC_API: Site = {
  folder: 'static-api',
  host: 'shop.example',
  listeners: [8080],
  servers: { 3001: echoServer('one'), 3002: echoServer('two'), 3003: echoServer('spare') },
  groups: { files, paths, hosts, ranges, conditions, gzipped, rewrites, api, odd, limits, failing },
};
