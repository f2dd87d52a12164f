/** disable_symlinks beside nginx. */
import { lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Ask, besideNginx } from '../beside-nginx.ts';

const OTHER_UID = 65_533;

const skip = process.getuid?.() === 0 ? false : 'needs root, who may give files away';

test('disable_symlinks: links in a path, by whom they are, and from where on', { skip }, async () => {
  await using pair = await besideNginx({
    files: {
      'real/site/a.txt': 'a',
      'real/site/index.html': 'home',
      'real/site/sub/b.txt': 'b',
      'real/site/sub/index.html': 'sub',
      'real/outside/c.txt': 'c',
    },
    prepare(root) {
      const site = `${root}/real/site`;
      symlinkSync('a.txt', `${site}/link.txt`);
      symlinkSync('../outside', `${site}/out`);
      symlinkSync('sub', `${site}/sublink`);
      symlinkSync('a.txt', `${site}/foreign.txt`);
      lchownSync(`${site}/foreign.txt`, OTHER_UID, OTHER_UID);
      symlinkSync('nowhere', `${site}/dangling.txt`);
      mkdirSync(`${site}/linkedindex`);
      symlinkSync('../index.html', `${site}/linkedindex/index.html`);
      symlinkSync('real', `${root}/way`);
      writeFileSync(`${site}/foreign-file.txt`, 'f');
      lchownSync(`${site}/foreign-file.txt`, OTHER_UID, OTHER_UID);
      symlinkSync('foreign-file.txt', `${site}/mine.txt`);
      symlinkSync('sub', `${site}/subway`);
    },
    http: `server { listen {port}; root {root}/real/site;
      location /off/ { alias {root}/real/site/; disable_symlinks off; }
      location /on/ { alias {root}/real/site/; disable_symlinks on; }
      location /owner/ { alias {root}/real/site/; disable_symlinks if_not_owner; }
      location /way/ { alias {root}/way/site/; disable_symlinks on; }
      location /wayfrom/ { alias {root}/way/site/; disable_symlinks on from={root}/way/site; }
      location /wayfromslash/ { alias {root}/way/site/; disable_symlinks on from={root}/way/site/; }
      location /wayroot/ { root {root}/way/site/..; disable_symlinks on from=$document_root; }
      location /elsewhere/ { alias {root}/real/site/; disable_symlinks on from=/nowhere; }
      location /tried/ { alias {root}/real/site/; disable_symlinks on; try_files $uri =404; }
      location /partly/ { alias {root}/real/site/; disable_symlinks on from={root}/real/site/sub; }
      location /whole/ { alias {root}/real/site/; disable_symlinks on from=$request_filename; }
      location /if/ { alias {root}/real/site/; disable_symlinks on; if (-e $request_filename) { return 204; } }
      location /unless/ { alias {root}/real/site/; disable_symlinks if_not_owner; if (!-f $request_filename) { return 204; } }
      location ~ ^/folder/ { alias {root}/real/site/sub/; disable_symlinks on; }
      location ~ ^/above/ { alias {root}/real/site/sub/..; disable_symlinks on; }
      location /double/ { alias {root}/real//site/; disable_symlinks on; }
    }`,
  });
  const places = [
    'off',
    'on',
    'owner',
    'way',
    'wayfrom',
    'wayfromslash',
    'wayroot/site',
    'elsewhere',
    'tried',
    'double',
    'partly',
    'whole',
    'folder',
    'above',
    'if',
    'unless',
  ];
  const files = [
    'a.txt',
    'link.txt',
    'out/c.txt',
    'out',
    'sublink/b.txt',
    'sublink/',
    'sublink',
    'sub/b.txt',
    'sub/',
    'sub',
  ];
  const others = [
    'foreign.txt',
    'mine.txt',
    'dangling.txt',
    'linkedindex/',
    '',
    'none.txt',
    'none/none.txt',
    'a.txt/x',
    'subway/b.txt',
  ];
  await pair.compare(
    places.flatMap(place => [...files, ...others].map((file): Ask => [`GET /${place}/${file}`])),
  );
});
