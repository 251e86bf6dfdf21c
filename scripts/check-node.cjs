// Says in one sentence that Node.js is too old. Written so that an old one can read it.

var parts = process.versions.node.split('.').map(Number);
if (parts[0] < 20 || (parts[0] === 20 && parts[1] < 19)) {
  console.error('aitbc-node needs Node.js >= 20.19; this is ' + process.version + '. See https://nodejs.org');
  process.exit(1);
}
