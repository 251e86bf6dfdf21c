// The list of bans on a clock of the test: how long, how often, and what of it survives.

import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { multiaddr } from '@multiformats/multiaddr';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BanList, LONGEST_BAN_MS } from '../../src/network/ban-list.ts';
import { hostBehind, ipKey } from '../../src/network/ip.ts';
import { withTempDir } from '../helpers/temp-dir.ts';

const bans = suite('network: bans');

const PEER = '12D3KooWGRUVh1QmJwEwEsCyFJuX7UTVdDvSyCdd1oP6Z9K5VYhS';
const START = 1_800_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function scene(file?: string) {
  const now = { ms: START };
  const log: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(line) });
  return { now, log, open: () => BanList.open({ file, now: () => now.ms, logger }) };
}

bans('a peer that loses its points again and again is out for longer each time, up to a day', async () => {
  const { now, open } = scene();
  const list = await open();
  const lengths: number[] = [];
  for (let i = 0; i < 7; i++) {
    const ban = list.punish(PEER, 'again');
    assert.is(list.punish(PEER, 'while it is out'), undefined);
    assert.is(ban?.times, i + 1);
    lengths.push((ban?.until ?? 0) - now.ms);
    now.ms = (ban?.until ?? 0) - 1;
    assert.ok(list.find(PEER));
    now.ms += 1;
    assert.is(list.find(PEER), undefined);
    assert.equal(list.list(), []);
    now.ms += 23 * HOUR;
  }
  assert.equal(lengths, [MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY, DAY, DAY]);
  now.ms += 2 * HOUR;
  assert.is(list.punish(PEER, 'after a good day')?.times, 1);
});

bans('what the node banned while its clock was ahead is over when the clock is set back', async () => {
  const { now, open } = scene();
  const list = await open();
  now.ms += 30 * DAY;
  list.punish(PEER, 'by a wrong clock');
  await list.ban('192.0.2.7', HOUR, 'by hand');
  now.ms = START;
  assert.is(list.find(PEER), undefined);
  assert.equal(
    list.list().map(({ target }) => target),
    ['192.0.2.7'],
  );
  assert.ok(list.punish(PEER, 'by the right one'));
  now.ms -= MINUTE;
  assert.ok(list.find(PEER), 'a clock is never quite right');
});

bans('never longer than is allowed for it', async () => {
  const { now, open } = scene();
  const list = await open();
  for (let i = 0; i < 5; i++) {
    assert.is((list.punish(PEER, 'configured', MINUTE)?.until ?? 0) - now.ms, MINUTE);
    now.ms += MINUTE;
  }
});

bans('by hand: peers and addresses, each in one form; lifted with all that was before', async () => {
  const { now, open } = scene();
  const list = await open();
  list.punish(PEER, 'first');
  const ban = await list.ban(PEER, HOUR, 'by hand');
  assert.equal(ban, { target: PEER, by: 'operator', reason: 'by hand', since: START, until: START + HOUR, times: 1 });
  assert.is((await list.ban('::ffff:192.0.2.7', 10 * LONGEST_BAN_MS, '')).until, START + LONGEST_BAN_MS);
  assert.is((await list.ban('2001:DB8::1', MINUTE, '')).target, '2001:db8:0:0::/64');
  assert.ok(list.find('192.0.2.7'));
  assert.equal(
    list.list().map(({ target }) => target),
    ['192.0.2.7', PEER, '2001:db8:0:0::/64'],
  );
  assert.is(await list.unban('192.0.2.7'), true);
  assert.is(await list.unban('192.0.2.7'), false);
  assert.is(await list.unban(PEER), true);
  assert.is(list.punish(PEER, 'anew')?.times, 1);
  now.ms += MINUTE;
  assert.is(await list.unban('2001:db8::2'), false, 'it was over by itself');
  for (const wrong of ['', 'somebody', '1.2.3', '1.2.3.4/24', '12D3KooW', '/ip4/1.2.3.4', `${PEER}0`]) {
    const [result] = await Promise.allSettled([list.ban(wrong, MINUTE, '')]);
    assert.is(result.status === 'rejected' && result.reason.code, 'BAD_TARGET', wrong);
  }
});

bans('are there again after a restart, with their count', () =>
  withTempDir(async (directory) => {
    const file = join(directory, 'bans.json');
    const { now, open } = scene(file);
    const first = await open();
    first.punish(PEER, 'once');
    await first.ban('192.0.2.7', HOUR, 'by hand');
    await first.close();
    assert.is((await stat(file)).mode & 0o777, 0o600);
    const second = await open();
    assert.equal(second.list(), first.list());
    now.ms += MINUTE;
    assert.is(second.find(PEER), undefined);
    assert.is(second.punish(PEER, 'twice')?.times, 2);
    await second.close();
    assert.is((await open()).find(PEER)?.times, 2);
  }),
);

bans('a file that is none is set aside, and the node starts', async () => {
  const good = { target: PEER, by: 'node', reason: '', since: START, until: START + 1, times: 1 };
  const broken: readonly string[] = [
    'not json',
    '{}',
    JSON.stringify({ version: 2, bans: [] }),
    JSON.stringify({ version: 1, bans: [{ ...good, target: '../../etc' }] }),
    JSON.stringify({ version: 1, bans: [{ ...good, target: '2001:db8::1' }] }),
    JSON.stringify({ version: 1, bans: [{ ...good, until: 'tomorrow' }] }),
    JSON.stringify({ version: 1, bans: Array(1001).fill(good) }),
    ' '.repeat(2 * 1024 * 1024),
  ];
  for (const text of broken) {
    await withTempDir(async (directory) => {
      const file = join(directory, 'bans.json');
      await writeFile(file, text);
      const { open, log } = scene(file);
      const list = await open();
      assert.equal(list.list(), []);
      assert.ok(log.some((line) => line.includes('bans.json.broken')));
      assert.is(await readFile(`${file}.broken`, 'utf8'), text);
      await list.ban(PEER, MINUTE, '');
      assert.is((await open()).list().length, 1);
    });
  }
});

bans('as many as fit: of its own the node forgets the one that would end first, of the operator none', async () => {
  const { now, open } = scene();
  const list = await open();
  const address = (i: number) => `10.0.${i >> 8}.${i & 255}`;
  list.punish(PEER, 'the node');
  for (let i = 0; i < 999; i++) await list.ban(address(i), HOUR, '');
  assert.is(list.list().length, 1000);
  await list.ban(address(999), HOUR, '');
  assert.is(list.find(PEER), undefined);
  assert.is(list.punish(PEER, 'no room'), undefined);
  const [result] = await Promise.allSettled([list.ban(address(1000), HOUR, '')]);
  assert.is(result.status === 'rejected' && result.reason.code, 'TOO_MANY_BANS');
  assert.is(list.list().length, 1000);
  now.ms += HOUR;
  assert.ok(list.punish(PEER, 'room again'));
  assert.is(list.list().length, 1);
});

bans('one form for each address', () => {
  const forms: readonly (readonly [string, string | undefined])[] = [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:c000:0207', '192.0.2.7'],
    ['::ffff:0:0:1', '0:0:0:0::/64'],
    ['2001:0db8:0000:0001:0000:0000:0000:0001', '2001:db8:0:1::/64'],
    ['2001:DB8:0:1::', '2001:db8:0:1::/64'],
    ['2001:db8:0:1::/64', '2001:db8:0:1::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.33', '64:ff9b:0:0::/64'],
    ['1:2:3::', '1:2:3:0::/64'],
    ['192.0.2.7/64', undefined],
    ['2001:db8::/48', undefined],
    ['192.0.2', undefined],
    ['host.example', undefined],
    ['fe80::1%eth0', undefined],
    ['1:2:3:4:5:6:7:8%x::y', undefined],
    ['::1%192.0.2.7', undefined],
  ];
  for (const [text, key] of forms) assert.is(ipKey(text), key, text);
});

bans('the host behind a connection: an address, that of the relay, or none that is counted', () => {
  const forms: readonly (readonly [string, string | undefined])[] = [
    ['/ip4/192.0.2.7/tcp/1', '192.0.2.7'],
    ['/ip6/2001:db8::1/tcp/1/ws', '2001:db8:0'],
    ['/ip6/2001:db8:0:ffff::1/tcp/1/ws', '2001:db8:0'],
    [`/ip4/192.0.2.7/tcp/1/p2p/${PEER}/p2p-circuit`, '192.0.2.7'],
    ['/ip4/127.0.0.1/tcp/1', undefined],
    ['/ip6/::1/tcp/1', undefined],
  ];
  for (const [text, host] of forms) assert.is(hostBehind(multiaddr(text)), host, text);
});

bans.run();
