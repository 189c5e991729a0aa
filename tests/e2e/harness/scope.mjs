// What a test or a suite started, ended in reverse order when it is over.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after} from 'node:test';

class Scope {
  #closers = [];
  #directory;

  onClose(closer) {
    this.#closers.push(closer);
  }

  // A folder of this scope's own.
  get directory() {
    if (!this.#directory) {
      this.#directory = mkdtempSync(join(tmpdir(), 'postern-e2e-'));
      this.#closers.unshift(() => rmSync(this.#directory, {recursive: true, force: true}));
    }
    return this.#directory;
  }

  // Writes a file of the scope's folder and gives its path; what is neither text nor bytes is written as JSON.
  file(name, content) {
    const path = join(this.directory, name);
    const plain = typeof content === 'string' || content instanceof Uint8Array;
    writeFileSync(path, plain ? content : JSON.stringify(content, null, 2));
    return path;
  }

  async close() {
    const errors = [];
    for (const closer of this.#closers.splice(0).reverse()) {
      try {
        await closer();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length) throw new AggregateError(errors, errors.map((error) => error.message).join('\n'));
  }
}

// The scope of the test `t`, or of the suite that is being described.
export function scoped(t) {
  const scope = new Scope();
  if (t) t.after(() => scope.close());
  else after(() => scope.close());
  return scope;
}
