// Redis of several servers: a master with replicas that a Sentinel watches, and a cluster of two shards.
import assert from 'node:assert/strict';

import {freePort} from './free_port.mjs';
import {startRedis} from './redis.mjs';
import {eventually} from './waiting.mjs';

const masterName = 'shop';

class Watched {
  constructor(parts) { Object.assign(this, parts); }

  get location() { return {sentinels: [`127.0.0.1:${this.sentinel.port}`], master_name: masterName}; }

  // Cuts the replicas off: what the master is told from now on they never have.
  async cutReplicas() {
    for (const replica of this.replicas) replica.pause();
    await this.master.ask('CLIENT', 'KILL', 'TYPE', 'replica');
  }

  // They come back, and have all that the master has.
  async restoreReplicas() {
    for (const replica of this.replicas) replica.resume();
    await eventually('the replicas have all', async () => (
      (await this.master.ask('INFO', 'replication')).match(/state=online/g)?.length === this.replicas.length));
  }

  // SIGKILL for the master, and Sentinel's promotion of a replica, which is awaited.
  async failOver() {
    await this.master.kill();
    for (const replica of this.replicas) replica.resume();
    await eventually('a replica is promoted', async () => {
      const roles = await Promise.all(this.replicas.map((replica) => replica.ask('ROLE')));
      return roles.some((role) => role.startsWith('master'));
    });
  }
}

// A master with two replicas, which have what it has, and a Sentinel that needs about a second to find it dead.
export async function startWatched(scope) {
  const prompt = ['--repl-diskless-sync-delay', '0'];
  const master = await startRedis(scope, {options: prompt});
  const replica = () => startRedis(scope, {options: [...prompt, '--replicaof', '127.0.0.1', master.port]});
  const replicas = await Promise.all([replica(), replica()]);
  await eventually('the replicas have all', async () => (await master.ask('INFO', 'replication')).match(/state=online/g)?.length === 2);

  const configuration = `sentinel monitor ${masterName} 127.0.0.1 ${master.port} 1\n`;
  const sentinel = await startRedis(scope, {options: ['--sentinel'], configuration});
  // Faster than it is, and without its distrust of slow machines.
  await sentinel.ask('SENTINEL', 'DEBUG', 'info-period', '300', 'ping-period', '300', 'publish-period', '100',
    'min-link-reconnect-period', '100', 'tilt-trigger', '60000');
  await sentinel.ask('SENTINEL', 'SET', masterName, 'down-after-milliseconds', '1000', 'failover-timeout', '2000');
  await eventually('Sentinel knows the replicas', async () => {
    const known = await sentinel.ask('SENTINEL', 'REPLICAS', masterName);
    return replicas.every(({port}) => known.includes(`:${port}`));
  });
  return new Watched({master, replicas, sentinel});
}

class Cluster {
  constructor(parts) { Object.assign(this, parts); }

  // The one that has not the slot comes first.
  get location() { return {nodes: [this.other, this.holder].map(({port}) => `127.0.0.1:${port}`)}; }

  // The store's slot, with its keys, to the other node.
  async moveSlot() {
    const {holder, other} = this;
    const [holderId, otherId] = await Promise.all([holder, other].map((node) => node.ask('CLUSTER', 'MYID')));
    const set = async (node, ...words) => assert.equal(await node.ask('CLUSTER', 'SETSLOT', this.slot, ...words), 'OK');
    await set(other, 'IMPORTING', holderId);
    await set(holder, 'MIGRATING', otherId);
    const keys = (await holder.ask('CLUSTER', 'GETKEYSINSLOT', this.slot, '1000')).split('\n');
    assert.equal(await holder.ask('MIGRATE', '127.0.0.1', other.port, '', '0', '5000', 'KEYS', ...keys), 'OK');
    await set(other, 'NODE', otherId);
    await set(holder, 'NODE', otherId);
    Object.assign(this, {holder: other, other: holder});
  }
}

// Two nodes with half of the slots each; the keys of a store are all of one slot, with the default prefix of this one.
export async function startCluster(scope) {
  const node = async () => {
    const bus = await freePort();
    return Object.assign(await startRedis(scope, {options: ['--cluster-enabled', 'yes', '--cluster-port', bus]}), {bus});
  };
  const [low, high] = [await node(), await node()];
  assert.equal(await low.ask('CLUSTER', 'ADDSLOTSRANGE', '0', '8191'), 'OK');
  assert.equal(await high.ask('CLUSTER', 'ADDSLOTSRANGE', '8192', '16383'), 'OK');
  assert.equal(await low.ask('CLUSTER', 'MEET', '127.0.0.1', high.port, high.bus), 'OK');
  await eventually('the cluster is complete', async () => {
    const states = await Promise.all([low, high].map((one) => one.ask('CLUSTER', 'INFO')));
    return states.every((state) => state.includes('cluster_state:ok'));
  });
  const slot = await low.ask('CLUSTER', 'KEYSLOT', '{postern}');
  const [holder, other] = Number(slot) < 8192 ? [low, high] : [high, low];
  return new Cluster({slot, holder, other});
}
