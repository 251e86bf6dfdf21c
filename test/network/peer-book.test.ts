// The peer book: what is kept and for how long, its bounds, and its file.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PeerId } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { reachOf, subnetOf } from '../../src/network/addresses.ts';
import { isUsable } from '../../src/network/discovery.ts';
import { peerIdOf } from '../../src/network/identity.ts';
import { PeerBook, type PeerBookOptions } from '../../src/network/peer-book.ts';
import { withTempDir } from '../helpers/temp-dir.ts';

const peerBook = suite('network: peer book');

/** The neighbourhood of somebody who tells of others. */
const FRIEND = '9.9.9';

const peers = new Map<number, PeerId>();

function peer(number: number): PeerId {
  const known = peers.get(number);
  if (known !== undefined) return known;
  const seed = new Uint8Array(32);
  new DataView(seed.buffer).setUint32(0, number);
  const id = peerIdFromString(peerIdOf(seed));
  peers.set(number, id);
  return id;
}

/** A public address of a neighbourhood of its own. */
function address(number: number) {
  return multiaddr(`/ip4/${1 + (number >> 8)}.${number & 255}.7.1/tcp/9000`);
}

class World {
  now = 1_000;
  readonly log: string[] = [];

  book(changes: Partial<PeerBookOptions> = {}): PeerBook {
    return new PeerBook({
      file: undefined,
      pauses: { first: 100, longest: 1_000 },
      isUsable: (candidate) => isUsable(candidate, 'public'),
      logger: pino({ level: 'debug' }, { write: (line: string) => void this.log.push(line) }),
      now: () => this.now,
      wall: () => 1_700_000_000_000 + this.now,
      random: () => 0.5,
      ...changes,
    });
  }
}

function ids(book: PeerBook): string[] {
  return book.candidates(() => true).map(({ id }) => id.toString());
}

function names(...numbers: number[]): string[] {
  return numbers.map((number) => peer(number).toString());
}

peerBook('those that worked come first, the latest before the others; who is not wanted is left out', () => {
  const world = new World();
  const book = world.book();
  book.heard(peer(1), [address(1)], FRIEND);
  book.worked(peer(2), [address(2)]);
  world.now += 1;
  book.worked(peer(3), [address(3)]);
  assert.equal(ids(book), names(3, 2, 1));
  assert.equal(
    book.candidates((id) => id !== peer(3).toString()).map(({ id }) => id.toString()),
    names(2, 1),
  );
});

peerBook(
  'a peer that fails waits twice as long each time, and is forgotten: hearsay soon, what worked much later',
  () => {
    const world = new World();
    const book = world.book();
    book.heard(peer(1), [address(1)], FRIEND);
    book.worked(peer(2), [address(2)]);
    for (const [failure, pause] of [
      [1, 100],
      [2, 200],
    ] as const) {
      book.failed(peer(1));
      assert.not(ids(book).includes(peer(1).toString()), `failure ${failure}`);
      world.now += pause;
      assert.ok(ids(book).includes(peer(1).toString()), `failure ${failure}`);
    }
    book.failed(peer(1));
    assert.is(book.size, 1);
    for (let failure = 1; failure < 10; failure++) {
      world.now += 2_000;
      assert.equal(ids(book), names(2), `failure ${failure}`);
      book.failed(peer(2));
    }
    book.failed(peer(2));
    assert.is(book.size, 0);
  },
);

peerBook('to be postponed costs nothing', () => {
  const world = new World();
  const book = world.book();
  book.heard(peer(1), [address(1)], FRIEND);
  for (let times = 0; times < 20; times++) {
    book.postpone(peer(1));
    assert.equal(ids(book), []);
    world.now += 100;
    assert.equal(ids(book), names(1));
  }
});

peerBook('what works is not overwritten by hearsay; what has stopped working is given another chance', () => {
  const world = new World();
  const book = world.book();
  book.worked(peer(1), [address(1)]);
  book.heard(peer(1), [address(2)], FRIEND);
  const known = () => book.candidates(() => true)[0]?.addresses.map(String);
  assert.equal(known(), [address(1).toString()]);
  book.failed(peer(1));
  book.heard(peer(1), [address(2)], FRIEND);
  world.now += 1_000;
  assert.equal(known(), [address(1).toString(), address(2).toString()]);
  book.worked(peer(1), [address(2)]);
  assert.equal(known(), [address(2).toString()]);
});

peerBook('addresses that lead nowhere from here, or to somebody else, are not kept', () => {
  const book = new World().book();
  const relay = peer(9);
  for (const bad of [
    '/ip4/127.0.0.1/tcp/9000',
    '/ip4/10.1.2.3/tcp/9000',
    '/ip4/0.0.0.0/tcp/9000',
    '/ip4/8.8.8.8/tcp/0',
    '/ip4/8.8.8.8/udp/9000',
    '/ip4/239.1.1.1/tcp/9000',
    '/ip6/fe80::1/tcp/9000',
    '/ip6/::ffff:192.168.0.1/tcp/9000',
    '/dns4/localhost/tcp/9000',
    `/ip4/8.8.8.8/tcp/9000/p2p/${relay}`,
    `/ip4/8.8.8.8/tcp/9000/p2p/${relay}/p2p-circuit/p2p/${peer(1)}`,
    `/dns4/${'a'.repeat(500)}.example/tcp/9000`,
  ]) {
    book.heard(peer(1), [multiaddr(bad)], FRIEND);
    assert.is(book.size, 0, bad);
  }
  book.heard(
    peer(1),
    [
      multiaddr(`/ip4/8.8.8.8/tcp/9000/p2p/${peer(1)}`),
      multiaddr('/ip6/2a00::1/tcp/9000'),
      multiaddr('/dns4/node.example/tcp/443/ws'),
    ],
    FRIEND,
  );
  assert.equal(book.candidates(() => true)[0]?.addresses.map(String), [
    '/ip4/8.8.8.8/tcp/9000',
    '/ip6/2a00::1/tcp/9000',
    '/dns4/node.example/tcp/443/ws',
  ]);
});

peerBook('a neighbourhood gets no more than its share, and what one peer lists is bounded', () => {
  const book = new World().book();
  for (let number = 0; number < 100; number++) {
    book.heard(peer(number), [multiaddr(`/ip4/8.8.8.${number + 1}/tcp/9000`)], FRIEND);
    book.heard(peer(1_000 + number), [multiaddr(`/ip6/2a00:1:2:${number}::1/tcp/9000`)], FRIEND);
    book.heard(peer(2_000 + number), [multiaddr(`/dns4/n${number}.evil.example/tcp/9000`)], FRIEND);
  }
  assert.is(book.size, 3 * 16);
  for (const { id } of book.candidates(() => true)) book.forget(id.toString());
  book.heard(peer(1), [multiaddr('/ip4/8.8.8.1/tcp/9000')], FRIEND);
  assert.is(book.size, 1, 'forgotten peers leave their place');
  book.heard(
    peer(2),
    Array.from({ length: 50 }, (_, number) => address(number)),
    FRIEND,
  );
  assert.is(book.candidates((id) => id === peer(2).toString())[0]?.addresses.length, 4);
});

function near(host: number) {
  return multiaddr(`/ip4/11.22.33.${host}/tcp/9000`);
}

function knows(book: PeerBook, number: number): boolean {
  return ids(book).includes(peer(number).toString());
}

peerBook('who is reached has a place in his neighbourhood, whoever was said to be there', () => {
  const world = new World();
  const book = world.book({ random: Math.random });
  for (let number = 1; number <= 16; number++) book.heard(peer(number), [near(number)], FRIEND);
  book.worked(peer(100), [near(100)]);
  assert.ok(knows(book, 100));
  assert.is(book.size, 16);
  for (let number = 200; number < 300; number++) book.heard(peer(number), [near(number - 100)], FRIEND);
  assert.ok(knows(book, 100), 'hearsay does not displace it');
  for (let number = 300; number < 320; number++) {
    world.now += 1;
    book.worked(peer(number), [near(number - 200)]);
  }
  assert.equal(ids(book), names(...Array.from({ length: 16 }, (_, index) => 319 - index)), 'the latest sixteen');
});

peerBook('what a peer that was reached says of itself takes no place from those reached there', () => {
  const world = new World();
  const book = world.book({ random: Math.random });
  for (let number = 1; number <= 8; number++) book.worked(peer(number), [near(number)]);
  for (let number = 100; number < 150; number++) {
    world.now += 1;
    book.worked(peer(number), [address(number), near(number)]);
  }
  for (let number = 1; number <= 8; number++) assert.ok(knows(book, number), `${number}`);
  assert.is(book.size, 58, 'they stay where they were reached');
  for (let number = 200; number < 208; number++) book.worked(peer(number), [near(number)]);
  for (let number = 200; number < 208; number++) assert.ok(knows(book, number), `${number}`);
});

peerBook('who tells of many crowds out what he told, not what others tell: in a neighbourhood and in the book', () => {
  const book = new World().book({ random: Math.random });
  book.heard(peer(1), [near(1)], FRIEND);
  book.heard(peer(2), [near(2)], '8.8.8');
  for (let number = 100; number < 300; number++) book.heard(peer(number), [near(number - 50)], '66.6.6');
  assert.ok(knows(book, 1) && knows(book, 2));
  assert.is(book.size, 16);
  // the second hand takes no peer over
  book.heard(peer(1), [near(1)], '66.6.6');
  for (let number = 1_000; number < 1_400; number++) book.heard(peer(number), [address(number)], FRIEND);
  for (let number = 2_000; number < 4_000; number++) book.heard(peer(number), [address(number)], '66.6.6');
  assert.is(book.size, 1_000);
  for (let number = 1_000; number < 1_400; number++) assert.ok(knows(book, number), `${number}`);
  assert.ok(knows(book, 1) && knows(book, 2));
});

peerBook('a full book loses hearsay before what has worked', () => {
  const world = new World();
  const book = world.book({ random: Math.random });
  for (let number = 0; number < 500; number++) {
    world.now += 1;
    book.worked(peer(number), [address(number)]);
  }
  for (let number = 500; number < 3_000; number++) book.heard(peer(number), [address(number)], FRIEND);
  assert.is(book.size, 1_000);
  const left = new Set(ids(book));
  for (let number = 0; number < 500; number++) assert.ok(left.has(peer(number).toString()));
  for (let number = 3_000; number < 4_000; number++) {
    world.now += 1;
    book.worked(peer(number), [address(number)]);
  }
  assert.equal(new Set(ids(book)), new Set(names(...Array.from({ length: 1_000 }, (_, index) => 3_000 + index))));
});

peerBook('the file brings back what was known, those that worked in their order', () =>
  withTempDir(async (directory) => {
    const world = new World();
    const file = join(directory, 'peers.json');
    const first = world.book({ file });
    await first.load();
    assert.is(first.size, 0, 'there is no file yet');
    first.heard(peer(1), [address(1)], FRIEND);
    for (const number of [2, 3]) {
      world.now += 1;
      first.worked(peer(number), [address(number), address(10 + number)]);
    }
    await first.close();
    const second = world.book({ file });
    await second.load();
    assert.equal(ids(second), names(3, 2, 1));
    assert.equal(second.candidates(() => true)[0]?.addresses.map(String), [address(3), address(13)].map(String));
    assert.equal(await readdir(directory), ['peers.json']);
  }),
);

peerBook('a damaged file is set aside and said, and the book begins empty', () =>
  withTempDir(async (directory) => {
    const file = join(directory, 'peers.json');
    const whole = { id: peer(1).toString(), addresses: ['/ip4/8.8.8.8/tcp/9000'], last_success: 5 };
    for (const text of [
      '',
      '{"version":1,"peers":[',
      '[]',
      'null',
      '{"version":2,"peers":[]}',
      '{"version":1}',
      JSON.stringify({ version: 1, peers: new Array(1_001).fill(whole) }),
      ' '.repeat(5_000_000),
    ]) {
      const world = new World();
      await writeFile(file, text);
      const book = world.book({ file });
      await book.load();
      assert.is(book.size, 0, text.slice(0, 80));
      assert.equal(await readdir(directory), ['peers.json.broken']);
      assert.is(await readFile(`${file}.broken`, 'utf8'), text);
      assert.ok(world.log.some((line) => line.includes('the peer book is damaged')));
      await book.close();
    }
  }),
);

peerBook('an entry that is none is left out, said, and the others are there', () =>
  withTempDir(async (directory) => {
    const file = join(directory, 'peers.json');
    const whole = { id: peer(1).toString(), addresses: ['/ip4/8.8.8.8/tcp/9000'], last_success: 5 };
    for (const none of [
      { ...whole, id: '12D3KooWnobody' },
      { ...whole, addresses: ['8.8.8.8:9000'] },
      { ...whole, addresses: ['/ip4/8.8.8.8/tcp/9000/sni/a/b'] },
      { ...whole, addresses: [7] },
      { ...whole, last_success: -1 },
      null,
      7,
    ]) {
      const world = new World();
      await writeFile(file, JSON.stringify({ version: 1, peers: [none, whole] }));
      const book = world.book({ file });
      await book.load();
      assert.equal(ids(book), names(1), JSON.stringify(none));
      assert.equal(await readdir(directory), ['peers.json']);
      assert.ok(world.log.some((line) => line.includes('the peer book has entries that are none')));
      await book.close();
    }
  }),
);

peerBook('an address whose text is another or none is not kept, whoever tells it, and spoils nothing', () =>
  withTempDir(async (directory) => {
    const file = join(directory, 'peers.json');
    // /ip4/8.8.8.8/tcp/4001/sni/<a/b>
    const slash = multiaddr(Uint8Array.of(4, 8, 8, 8, 8, 6, 0x0f, 0xa1, 0xc1, 0x03, 3, 0x61, 0x2f, 0x62));
    const first = new World().book({ file });
    first.worked(peer(1), [address(1), slash]);
    first.heard(peer(2), [slash, address(2)], FRIEND);
    first.heard(peer(3), [slash.encapsulate(`/p2p/${peer(3)}`)], FRIEND);
    first.heard(peer(4), [slash], FRIEND);
    await first.close();
    const second = new World().book({ file });
    await second.load();
    assert.equal(ids(second), names(1, 2));
    for (const { addresses } of second.candidates(() => true)) assert.is(addresses.length, 1);
    assert.equal(await readdir(directory), ['peers.json']);
    await second.close();
  }),
);

peerBook('what the file says is held to the same bounds as what strangers say', () =>
  withTempDir(async (directory) => {
    const file = join(directory, 'peers.json');
    const peers = [
      { id: peer(1).toString(), addresses: ['/ip4/10.0.0.1/tcp/9000'], last_success: 5 },
      { id: peer(2).toString(), addresses: ['/ip4/8.8.8.8/tcp/9000'], last_success: Number.MAX_SAFE_INTEGER },
    ];
    await writeFile(file, JSON.stringify({ version: 1, peers }));
    const world = new World();
    const book = world.book({ file });
    await book.load();
    assert.equal(ids(book), names(2));
    world.now += 1;
    book.worked(peer(3), [address(3)]);
    assert.equal(ids(book), names(3, 2), 'a time to come is not believed');
    await book.close();
  }),
);

peerBook('neighbourhoods: /24, /48, the last two labels of a name; private addresses have none', () => {
  for (const [text, subnet] of [
    ['/ip4/8.8.4.4/tcp/1', '8.8.4'],
    ['/ip6/2a00:1450:4001:80b::200e/tcp/1', '2a00:1450:4001'],
    ['/ip6/2a00::1/tcp/1', '2a00:0:0'],
    ['/ip6/2A00:0:0::1/tcp/1', '2a00:0:0'],
    ['/ip6/::ffff:8.8.4.4/tcp/1', '8.8.4'],
    ['/dns4/a.b.Example.org/tcp/1', 'example.org'],
    ['/ip4/192.168.3.4/tcp/1', undefined],
    ['/ip6/::1/tcp/1', undefined],
    ['/dns4/localhost/tcp/1', undefined],
    ['/dns4/a.Example.org./tcp/1', 'example.org'],
    ['/dns4/node-1/tcp/1', 'node-1'],
  ] as const) {
    assert.is(subnetOf(multiaddr(text)), subnet, text);
  }
});

peerBook('what a resolver takes for a number is no name: it leads nowhere', () => {
  const hosts = [
    '8.8.8.8',
    '84281096',
    '0x05060708',
    '5.6.1800',
    '127.1',
    '0177.0.0.1',
    '127.0.0.1.',
    'a.0X7f',
    'a.0x',
  ];
  const others = ['2001:db8::1', '2001:db8::1%x', '::1', 'a..b', '.', 'a b', '-a.org', `${'a'.repeat(64)}.org`];
  for (const host of [...hosts, ...others]) {
    for (const kind of ['dns', 'dns4', 'dns6']) {
      const address = multiaddr(`/${kind}/${host}/tcp/1`);
      assert.is(reachOf(address), 'nowhere', `${kind} ${host}`);
      assert.is(subnetOf(address), undefined, `${kind} ${host}`);
    }
  }
  assert.is(reachOf(multiaddr('/dns4/node_1.xn--bcher-kva.example/tcp/1')), 'public');
});

peerBook.run();
