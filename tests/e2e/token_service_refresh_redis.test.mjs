// Refreshing, with the store in a real Redis.
import {inRedis, startRedis} from './harness/redis.mjs';
import {refreshing} from './suites/refreshing.mjs';

refreshing('in Redis', async (scope) => inRedis(await startRedis(scope)));
