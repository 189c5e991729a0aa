// Refreshing, with the store in an SQLite file.
import {refreshing} from './suites/refreshing.mjs';

refreshing('in SQLite', () => ({}));
