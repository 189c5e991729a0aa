// Waiting for a condition with a deadline; nothing in these tests waits for a time to pass.

// Sanitized programs are several times slower: deadlines are for what hangs, not for what is slow.
export const sanitized = /asan|tsan/.test(process.env.POSTERN_PRESET ?? '');
const deadlineMs = sanitized ? 120_000 : 15_000;

// The first truthy value that `check` gives; an error that names `what` when the deadline passes.
export async function eventually(what, check, milliseconds = deadlineMs) {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`not within ${milliseconds} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

// The promise's value, or an error that names `what` when the deadline passes.
export async function within(what, promise, milliseconds = deadlineMs) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${milliseconds} ms: ${what}`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
