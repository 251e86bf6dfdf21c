// Loaded by `node --import` before the program: this node never passes over a silent leader, but waits for each as long as
// for any other. The build is the same; so the two ways can be compared.

import { Silence } from '../../dist/consensus/silence.js';

Silence.prototype.passOver = () => false;
